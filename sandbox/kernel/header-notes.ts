// Tells which granted headers an extension looks at, so that the least grant can be learned. Must never change what is read.
import type { IncomingMessage } from '../platform/http/incoming-message.ts';
import { hasOwn, ownKeys } from './intrinsics.ts';
import type { App } from './requests.ts';

type Watched = IncomingMessage & { cookies?: unknown };

const watch = (target: object, name: string, value: unknown, tell: () => void): void => {
  let held = value;
  Object.defineProperty(target, name, {
    get: () => {
      tell();
      return held;
    },
    set: (next: unknown) => {
      held = next;
    },
    enumerable: true,
    configurable: true,
  });
};

/** `names`: in lower case, those beyond the plain ones. Each is told once a request. */
export const withHeaderNotes = (app: App, names: readonly string[], note: (name: string) => void): App => {
  const granted = new Set(names);
  return (request: Watched, response, done) => {
    const { headers, rawHeaders, cookies } = request;
    const told = new Set<string>();
    const tell = (name: string): void => {
      if (told.has(name)) return;
      told.add(name);
      note(name);
    };
    const found = (ownKeys(headers) as string[]).filter((name) => granted.has(name));
    for (const name of found) watch(headers, name, headers[name], () => tell(name));
    if (found.length > 0) watch(request, 'rawHeaders', rawHeaders, () => found.forEach(tell));
    if (granted.has('cookie') && hasOwn(headers, 'cookie')) watch(request, 'cookies', cookies, () => tell('cookie'));
    app(request, response, done);
  };
};
