// Express 4 leaves a request open for ever when a handler's promise rejects. Here it goes to next(), as Express 5 has it. No package can depend on a hang.

interface Layer {
  readonly handle: (...args: unknown[]) => unknown;
}
type Next = (error?: unknown) => void;

const forward = (result: unknown, next: Next): void => {
  const then = (result as { readonly then?: unknown } | null | undefined)?.then;
  if (typeof then !== 'function') return;
  (then as (this: unknown, onFulfilled: undefined, onRejected: (error: unknown) => void) => void).call(result, undefined, (error) =>
    next(error ?? new Error('Rejected promise')),
  );
};

/** `router` is any Express 4 router: its layers' prototype is patched once for all. */
export const forwardRejections = (router: { use(handler: () => void): unknown; readonly stack: readonly object[] }): void => {
  router.use(() => undefined);
  const layer = router.stack[0];
  if (layer === undefined) return;
  const prototype = Object.getPrototypeOf(layer) as Record<string, unknown>;
  if (!Object.hasOwn(prototype, 'handle_request')) return;
  prototype['handle_request'] = function handle(this: Layer, request: unknown, response: unknown, next: Next): void {
    if (this.handle.length > 3) return next();
    try {
      forward(this.handle(request, response, next), next);
    } catch (error) {
      next(error);
    }
  };
  prototype['handle_error'] = function handleError(this: Layer, error: unknown, request: unknown, response: unknown, next: Next): void {
    if (this.handle.length !== 4) return next(error);
    try {
      forward(this.handle(error, request, response, next), next);
    } catch (thrown) {
      next(thrown);
    }
  };
};
