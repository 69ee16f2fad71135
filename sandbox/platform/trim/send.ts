// Stands in for send, which streams files an extension does not have; Express 4 takes its table of media types from here, loaded when it is asked for a rare one. Must never look for a file.
import { noFileSystem } from '../http/node-error.ts';

// esbuild turns require() with a literal into a call of that module's wrapper; no require exists when this runs.
declare const require: (name: string) => unknown;

interface Mime {
  lookup(path: string, fallback?: string): string;
  extension(type: string): string | undefined;
  define(map: object): void;
  readonly types: object;
  readonly extensions: object;
}

const real = (): Mime => require('cloister:real/mime') as Mime;

/** A test compares these with the real table. */
export const usualTypes: ReadonlyMap<string, string> = new Map([
  ['html', 'text/html'],
  ['txt', 'text/plain'],
  ['json', 'application/json'],
  ['bin', 'application/octet-stream'],
  ['js', 'application/javascript'],
  ['css', 'text/css'],
  ['csv', 'text/csv'],
  ['pdf', 'application/pdf'],
  ['zip', 'application/zip'],
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['svg', 'image/svg+xml'],
]);

/** Once a guest has defined types of its own, only the real table knows them. */
let defined = false;

const mime = {
  lookup: (path: string, fallback?: string): string => (defined ? undefined : usualTypes.get(path)) ?? real().lookup(path, fallback),
  extension: (type: string): string | undefined => real().extension(type),
  define: (map: object): void => {
    defined = true;
    real().define(map);
  },
  charsets: {
    lookup: (type: string, fallback?: string): string | undefined =>
      /^text\/|^application\/(javascript|json)/.test(type) ? 'UTF-8' : fallback,
  },
  default_type: 'application/octet-stream',
  get types(): object {
    return real().types;
  },
  get extensions(): object {
    return real().extensions;
  },
};

const send = (): never => {
  throw noFileSystem('res.sendFile() or res.download()');
};

export default Object.assign(send, { mime });
