// The parts of the platform that most cells never touch: evaluated at first use, so an idle cell does not pay for them. Must never name a module that is not in the bundle.
import { loadPart } from './parts.ts';

// esbuild turns each require() with a literal into a call of that module's wrapper; no require exists when this runs.
declare const require: (name: string) => unknown;

type Inspection = Pick<typeof import('./builtins/inspect.ts'), 'inspect'> & typeof import('./builtins/format.ts');

export const lazyInspect = (): Inspection => {
  const { inspect } = require('./builtins/inspect.ts') as typeof import('./builtins/inspect.ts');
  return { inspect, ...(require('./builtins/format.ts') as typeof import('./builtins/format.ts')) };
};
export const lazyUrl = (): typeof import('whatwg-url') => require('whatwg-url') as typeof import('whatwg-url');
export const lazyEncoding = (): typeof import('@exodus/bytes/encoding-lite.js') =>
  require('@exodus/bytes/encoding-lite.js') as typeof import('@exodus/bytes/encoding-lite.js');
export const lazyAbort = (): typeof import('./globals/abort.ts') => require('./globals/abort.ts') as typeof import('./globals/abort.ts');
export const lazyEvents = (): typeof import('./globals/event-target.ts') =>
  require('./globals/event-target.ts') as typeof import('./globals/event-target.ts');
export const lazyClone = (): typeof import('./globals/structured-clone.ts') =>
  require('./globals/structured-clone.ts') as typeof import('./globals/structured-clone.ts');
export const lazyDomException = (): typeof import('./globals/dom-exception.ts') =>
  require('./globals/dom-exception.ts') as typeof import('./globals/dom-exception.ts');
export const lazyCrypto = (): typeof import('./globals/crypto.ts') =>
  require('./globals/crypto.ts') as typeof import('./globals/crypto.ts');
export const lazyConsole = (): typeof import('./globals/console.ts') =>
  require('./globals/console.ts') as typeof import('./globals/console.ts');
export const lazyFetch = (): typeof import('./globals/fetch.ts') => require('./globals/fetch.ts') as typeof import('./globals/fetch.ts');
export const lazyXhr = (): typeof import('./fetch/xml-http-request.ts') =>
  require('./fetch/xml-http-request.ts') as typeof import('./fetch/xml-http-request.ts');
export const lazyClient = (): typeof import('./http/client-request.ts') =>
  require('./http/client-request.ts') as typeof import('./http/client-request.ts');
export const lazyBase64 = (): typeof import('./globals/base64.ts') =>
  require('./globals/base64.ts') as typeof import('./globals/base64.ts');
export const lazyWebStreams = (): typeof import('./streams/web-streams.ts')['webStreams'] =>
  loadPart('streams')['webStreams'] as typeof import('./streams/web-streams.ts')['webStreams'];
export const lazyNodeWeb = (): typeof import('./streams/node-web.ts') =>
  loadPart('streams')['nodeWeb'] as typeof import('./streams/node-web.ts');
export const lazyWeak = (): typeof import('./globals/weak.ts') => require('./globals/weak.ts') as typeof import('./globals/weak.ts');
export const lazyMessages = (): typeof import('./globals/message-channel.ts') =>
  require('./globals/message-channel.ts') as typeof import('./globals/message-channel.ts');
