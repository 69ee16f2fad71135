// Puts the web's and node's globals on the guest's global object. Must never call a hook: it runs while a snapshot is built.

import type { PlatformHooks } from '../hooks.ts';
import { bindHooks } from '../hooks.ts';
import {
  lazyAbort,
  lazyBase64,
  lazyClone,
  lazyConsole,
  lazyCrypto,
  lazyDomException,
  lazyEncoding,
  lazyEvents,
  lazyFetch,
  lazyMessages,
  lazyUrl,
  lazyWeak,
  lazyWebStreams,
  lazyXhr,
} from '../lazy.ts';
import { nameMembers } from '../names.ts';
import { membersOf } from '../parts.ts';
import { webStreamNames } from '../streams/names.ts';
import { Buffer } from './buffer.ts';
import { fetch } from './fetch-entry.ts';
import { performance } from './performance.ts';
import { process } from './process.ts';
import { clearTimeout, queueMicrotask, setImmediate, setInterval, setTimeout } from './timers.ts';

const define = (target: object, name: string, value: unknown): void => {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
};

/** Looks like an ordinary property from outside: reading it once makes it one, assigning replaces it. */
const defineLazy = (target: object, name: string, read: () => unknown): void => {
  Object.defineProperty(target, name, {
    configurable: true,
    enumerable: false,
    get: () => {
      const { [name]: value } = nameMembers({ [name]: read() });
      // Undefined while its own module is being evaluated, which looks whether the engine has one: not an answer to keep.
      if (value !== undefined) define(target, name, value);
      return value;
    },
    set: (value: unknown) => define(target, name, value),
  });
};

const eager = nameMembers({
  process,
  Buffer,
  performance,
  fetch,
  queueMicrotask,
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  clearInterval: clearTimeout,
  clearImmediate: clearTimeout,
});

const lazy: Readonly<Record<string, () => unknown>> = {
  URL: () => lazyUrl().URL,
  URLSearchParams: () => lazyUrl().URLSearchParams,
  TextEncoder: () => lazyEncoding().TextEncoder,
  TextDecoder: () => lazyEncoding().TextDecoder,
  structuredClone: () => lazyClone().structuredClone,
  AbortController: () => lazyAbort().AbortController,
  AbortSignal: () => lazyAbort().AbortSignal,
  Event: () => lazyEvents().Event,
  CustomEvent: () => lazyEvents().CustomEvent,
  EventTarget: () => lazyEvents().EventTarget,
  DOMException: () => lazyDomException().DOMException,
  atob: () => lazyBase64().atob,
  btoa: () => lazyBase64().btoa,
  crypto: () => lazyCrypto().crypto,
  Crypto: () => lazyCrypto().Crypto,
  CryptoKey: () => membersOf('crypto')['CryptoKey'],
  CompressionStream: () => membersOf('zlib')['CompressionStream'],
  DecompressionStream: () => membersOf('zlib')['DecompressionStream'],
  SubtleCrypto: () => membersOf('crypto')['SubtleCrypto'],
  console: () => lazyConsole().console,
  Headers: () => lazyFetch().Headers,
  Request: () => lazyFetch().Request,
  Response: () => lazyFetch().Response,
  Blob: () => lazyFetch().Blob,
  File: () => lazyFetch().File,
  FormData: () => lazyFetch().FormData,
  XMLHttpRequest: () => lazyXhr().XMLHttpRequest,
  MessageChannel: () => lazyMessages().MessageChannel,
  MessagePort: () => lazyMessages().MessagePort,
  MessageEvent: () => lazyMessages().MessageEvent,
  WeakRef: () => lazyWeak().WeakRef,
  FinalizationRegistry: () => lazyWeak().FinalizationRegistry,
  ...Object.fromEntries(webStreamNames.map((name) => [name, (): unknown => lazyWebStreams()[name]])),
};

/** The names installGlobals defines, for whoever compares the guest's globals with the permitted list. */
export const globalNames: readonly string[] = ['global', 'self', ...Object.keys(eager), ...Object.keys(lazy)];

export const installGlobals = (target: object, hooks: PlatformHooks): void => {
  bindHooks(hooks);
  define(target, 'global', target);
  define(target, 'self', target);
  for (const [name, value] of Object.entries(eager)) define(target, name, value);
  for (const [name, read] of Object.entries(lazy)) defineLazy(target, name, read);
};
