// What the bundled third-party modules mean by these free names: the platform's own, whatever a guest does to its globals. Must never be imported by the platform's own files.
export { Buffer } from './globals/buffer.ts';
export { process } from './globals/process.ts';
export { clearTimeout, queueMicrotask, setImmediateSoon as setImmediate, setInterval, setTimeout } from './globals/timers.ts';
