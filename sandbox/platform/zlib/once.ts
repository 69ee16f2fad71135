// The convenience methods of node:zlib: all in, all out, with a cap. Must never give back more than the cap, nor call back before it returns.
import { queueMicrotask } from '../globals/timers.ts';
import { makeArgumentError, makeNodeError } from '../http/node-error.ts';
import { brotliDecode } from './brotli.ts';
import { asBuffer, joined, utf8ToBytes } from './bytes.ts';
import { Engine, type EngineSettings, type Mode, parseSettings } from './engine.ts';
import { makeTooLarge, parseInput, parseNumber } from './errors.ts';
import { defaultMaxOutputBytes } from './limits.ts';

type Callback = (error: Error | null, result?: Uint8Array) => void;
type Run = () => Uint8Array;
/** Checks its arguments at once, works when it is run. */
type Prepare = (data: unknown, options: unknown) => Run;

const parseMax = (options: unknown): number =>
  parseNumber((options ?? {}) as object, 'maxOutputLength', 1, Number.MAX_SAFE_INTEGER, defaultMaxOutputBytes);

const runAll = (mode: Mode, settings: EngineSettings, input: Uint8Array, finishFlush: number, max: number): Uint8Array => {
  const engine = new Engine(mode, settings);
  engine.feed(input);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let chunk = engine.next(finishFlush); chunk !== null; chunk = engine.next(finishFlush)) {
    length += chunk.length;
    if (length > max) throw makeTooLarge(max);
    chunks.push(chunk);
  }
  return joined(chunks, length);
};

const prepareZlib =
  (mode: Mode): Prepare =>
  (data, options) => {
    const input = parseInput('buffer', data, utf8ToBytes);
    const settings = parseSettings(mode, options);
    const finishFlush = parseNumber((options ?? {}) as object, 'finishFlush', 0, 5, 4);
    const max = parseMax(options);
    return () => runAll(mode, settings, input, finishFlush, max);
  };

const prepareBrotli: Prepare = (data, options) => {
  const input = parseInput('buffer', data, utf8ToBytes);
  const max = parseMax(options);
  return () => asBuffer(brotliDecode(input, max));
};

const makeSync =
  (prepare: Prepare) =>
  (data: unknown, options?: unknown): Uint8Array =>
    prepare(data, options)();

const makeLater =
  (prepare: Prepare) =>
  (data: unknown, options: unknown, callback?: unknown): void => {
    const done = typeof options === 'function' ? options : callback;
    if (typeof done !== 'function') throw makeArgumentError('callback', 'of type function', done);
    const run = prepare(data, typeof options === 'function' ? undefined : options);
    queueMicrotask(() => {
      let result: Uint8Array;
      try {
        result = run();
      } catch (error) {
        (done as Callback)(error as Error);
        return;
      }
      (done as Callback)(null, result);
    });
  };

const crcTable = Uint32Array.from({ length: 256 }, (_unused, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export const crc32 = (data: unknown, value: unknown = 0): number => {
  if (typeof data !== 'string' && !ArrayBuffer.isView(data))
    throw makeArgumentError('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
  if (typeof value !== 'number') throw makeArgumentError('value', 'of type number', value);
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
    throw makeNodeError(RangeError, 'ERR_OUT_OF_RANGE', 'The value of "value" is out of range.');
  let crc = ~value >>> 0;
  for (const byte of parseInput('data', data, utf8ToBytes)) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 0xff] as number);
  return ~crc >>> 0;
};

const prepared = {
  deflate: prepareZlib('deflate'),
  inflate: prepareZlib('inflate'),
  gzip: prepareZlib('gzip'),
  gunzip: prepareZlib('gunzip'),
  deflateRaw: prepareZlib('deflateRaw'),
  inflateRaw: prepareZlib('inflateRaw'),
  unzip: prepareZlib('unzip'),
  brotliDecompress: prepareBrotli,
};

export const once: Readonly<Record<string, unknown>> = Object.fromEntries(
  Object.entries(prepared).flatMap(([name, prepare]) => [
    [name, makeLater(prepare)],
    [`${name}Sync`, makeSync(prepare)],
  ]),
);
