// Stands in for serve-static: as over an empty folder, since packages mount one while they register and many never need its files. Must never look for a file.

interface Options {
  readonly fallthrough?: boolean;
}
type Next = (error?: unknown) => void;

export default (
  root: unknown,
  { fallthrough = true }: Options = {},
): ((request: { readonly method: string }, response: unknown, next: Next) => void) => {
  if (typeof root !== 'string' || root === '') throw new TypeError(root ? 'root path must be a string' : 'root path required');
  return (request, _response, next) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (fallthrough) return next();
    return next(Object.assign(new Error(isRead ? 'Not Found' : 'Method Not Allowed'), { status: isRead ? 404 : 405, expose: true }));
  };
};
