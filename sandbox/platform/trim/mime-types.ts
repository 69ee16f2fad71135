// Puts off mime-types and its table until a type is asked for that is not one of the few nearly every answer has. Must never answer otherwise than the real one: a test compares them.

// esbuild turns require() with a literal into a call of that module's wrapper; no require exists when this runs.
declare const require: (name: string) => unknown;

interface MimeTypes {
  lookup(path: string): string | false;
  contentType(text: string): string | false;
  charset(type: string): string | false;
  extension(type: string): string | false;
  readonly types: Readonly<Record<string, string>>;
  readonly extensions: Readonly<Record<string, readonly string[]>>;
}

const real = (): MimeTypes => require('cloister:real/mime-types') as MimeTypes;

export const usualTypes: ReadonlyMap<string, string> = new Map([
  ['html', 'text/html'],
  ['htm', 'text/html'],
  ['txt', 'text/plain'],
  ['text', 'text/plain'],
  ['css', 'text/css'],
  ['csv', 'text/csv'],
  ['json', 'application/json'],
  ['bin', 'application/octet-stream'],
  ['pdf', 'application/pdf'],
  ['zip', 'application/zip'],
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['gif', 'image/gif'],
  ['svg', 'image/svg+xml'],
  ['webp', 'image/webp'],
]);

/** By what is given to contentType(): an extension, a full type without charset, or the same with it. */
export const usualContentTypes: ReadonlyMap<string, string> = new Map(
  [...usualTypes].flatMap(([extension, type]) => {
    const full = type.startsWith('text/') || type === 'application/json' ? `${type}; charset=utf-8` : type;
    return [
      [extension, full],
      [type, full],
      [full, full],
    ] as const;
  }),
);

export const lookup = (path: string): string | false => usualTypes.get(path) ?? real().lookup(path);
export const contentType = (text: string): string | false => usualContentTypes.get(text) ?? real().contentType(text);
export const charset = (type: string): string | false => real().charset(type);
export const charsets = { lookup: charset };
export const extension = (type: string): string | false => real().extension(type);
