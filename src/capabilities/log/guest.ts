// `logger` as an extension knows it, shaped like pino's. Runs in the isolate; must never throw at the extension, nor send a line longer than the host takes.
import type { GuestBridge } from '../../../sandbox/kernel/guest-capability.ts';
import type { LogBoot } from './contract.ts';

type LogLine = (...args: readonly unknown[]) => void;
type LevelName = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

export interface GuestLogger extends Readonly<Record<LevelName | 'silent', LogLine>> {
  level: string;
  readonly levelVal: number;
  readonly levels: { readonly values: Readonly<Record<string, number>>; readonly labels: Readonly<Record<string, string>> };
  isLevelEnabled(level: string): boolean;
  child(bindings?: object, options?: ChildOptions): GuestLogger;
  bindings(): object;
  setBindings(bindings: object): void;
  flush(done?: () => void): void;
}

interface ChildOptions {
  readonly level?: string;
  readonly msgPrefix?: string;
}

// Held from before the extension runs: a patched JSON must not make the logger call itself.
const { stringify } = JSON;
const { keys: keysOf } = Object;

const levelValues: Readonly<Record<LevelName, number>> = { fatal: 60, error: 50, warn: 40, info: 30, debug: 20, trace: 10 };
const levelLabels = Object.fromEntries(Object.entries(levelValues).map(([name, value]) => [value, name]));
const valueOf = new Map<string, number>([...Object.entries(levelValues), ['silent', Number.POSITIVE_INFINITY]]);
const noBoot: LogBoot = { level: 'silent', levels: [], textChars: 0, dataChars: 0, dataDepth: 0 };

const isError = (value: unknown): value is Error => value instanceof Error;
const errorKeys = ['type', 'message', 'stack', 'cause', 'errors'];
const cutMark = '"[cut]"';
/** Room for what is still open when everything else is spent: brackets, one mark a level, one number. */
const reservedChars = 256;
const longestKey = 128;

/** JSON of the sources' fields together, in at most `chars` characters. A cycle, a getter or toJSON that throws, a bigint or a symbol costs a word, never the line. */
const makeJson = (sources: readonly object[], chars: number, maxDepth: number): string => {
  const path: object[] = [];
  let left = chars - reservedChars;

  const take = (json: string): string => {
    left -= json.length;
    return json;
  };

  const writeText = (text: string): string => {
    let end = Math.min(text.length, Math.max(left, 0));
    let json = stringify(text.slice(0, end));
    while (end > 0 && json.length > left) {
      end = Math.max(Math.floor((end * left) / json.length) - 2, 0);
      json = stringify(text.slice(0, end));
    }
    if (end === text.length) return take(json);
    return take(end === 0 ? cutMark : stringify(`${text.slice(0, end)}… ${text.length - end} more`));
  };

  const writeFields = (keys: readonly string[], depth: number, read: (key: string) => unknown): string => {
    const fields: string[] = [];
    for (const key of keys) {
      if (left <= 0) {
        fields.push(`"~":${cutMark}`);
        break;
      }
      const before = left;
      const name = writeText(key.slice(0, longestKey));
      const value = write(() => read(key), depth + 1);
      left -= 2;
      if (value === undefined) left = before;
      else fields.push(`${name}:${value}`);
    }
    return `{${fields.join()}}`;
  };

  const writeList = (list: readonly unknown[], depth: number): string => {
    const items: string[] = [];
    for (let index = 0; index < list.length; index += 1) {
      if (left <= 0) {
        items.push(cutMark);
        break;
      }
      items.push(write(() => list[index], depth + 1) ?? take('null'));
      left -= 1;
    }
    return `[${items.join()}]`;
  };

  const writeObject = (value: object, depth: number): string => {
    if (path.includes(value)) return take('"[circular]"');
    if (depth >= maxDepth) return take('"[deep]"');
    path.push(value);
    try {
      if (Array.isArray(value)) return writeList(value, depth);
      const fields = value as Readonly<Record<string, unknown>>;
      if (!isError(value)) return writeFields(keysOf(value), depth, (key) => fields[key]);
      const keys = [...new Set([...errorKeys, ...keysOf(value)])];
      return writeFields(keys, depth, (key) => (key === 'type' ? value.constructor.name : fields[key]));
    } finally {
      path.pop();
    }
  };

  const writeValue = (given: unknown, depth: number): string | undefined => {
    const own = typeof given === 'object' && given !== null && 'toJSON' in given ? given.toJSON : undefined;
    const value: unknown = typeof own === 'function' ? own.call(given) : given;
    if (typeof value === 'string') return writeText(value);
    if (typeof value === 'object' && value !== null) return writeObject(value, depth);
    if (typeof value === 'undefined' || typeof value === 'function') return undefined;
    if (typeof value === 'bigint' || typeof value === 'symbol') return writeText(String(value));
    return take(stringify(value));
  };

  const write = (read: () => unknown, depth: number): string | undefined => {
    try {
      return writeValue(read(), depth);
    } catch {
      return take('"[thrown]"');
    }
  };

  const owners = new Map<string, object>();
  for (const source of sources) for (const key of keysOf(source)) owners.set(key, source);
  const json = writeFields([...owners.keys()], 0, (key) => (owners.get(key) as Readonly<Record<string, unknown>> | undefined)?.[key]);
  return json.length <= chars ? json : `{"~":${cutMark}}`;
};

/** Text of a value in a message: strings as they are, objects as JSON. */
const makeText = (value: unknown, boot: LogBoot): string => {
  if (typeof value !== 'object' || value === null) return String(value);
  return makeJson([{ value }], boot.textChars, boot.dataDepth).slice('{"value":'.length, -1);
};

/** pino's placeholders. What has no argument stays as it is, what has no placeholder is dropped: as there. */
const format = (template: string, args: readonly unknown[], boot: LogBoot): string => {
  if (args.length === 0) return template;
  let next = 0;
  return template.slice(0, boot.textChars).replace(/%[sdifjoO%]/g, (mark) => {
    if (mark === '%%') return '%';
    if (next >= args.length) return mark;
    const arg = args[next];
    next += 1;
    if (mark === '%s') return String(arg);
    const isNumeric = mark === '%d' || mark === '%f' || mark === '%i';
    if (arg === undefined || (isNumeric && arg === null)) return mark;
    if (isNumeric) return String(mark === '%i' ? Math.floor(Number(arg)) : Number(arg));
    if (typeof arg === 'string') return `'${arg}'`;
    return typeof arg === 'function' ? arg.name || '<anonymous>' : makeText(arg, boot);
  });
};

const cut = (text: string, chars: number): string => {
  if (text.length <= chars) return text;
  const mark = `… ${text.length} characters`;
  return text.slice(0, chars - mark.length) + mark;
};

interface Line {
  readonly data: object | null;
  readonly text: string;
}

/** The call forms (msg), (msg, ...args), (err), (err, msg), (obj), (obj, msg, ...args). */
const parseLine = (args: readonly unknown[], boot: LogBoot): Line => {
  const [first] = args;
  const isObject = typeof first === 'object' && first !== null;
  const data = isError(first) ? { err: first } : isObject ? first : null;
  const [template, ...rest] = isObject || first === undefined || first === null ? args.slice(1) : args;
  if (typeof template === 'string') return { data, text: format(template, rest, boot) };
  if (template !== undefined) return { data, text: makeText(template, boot) };
  const error: unknown = data !== null && 'err' in data ? data.err : undefined;
  return { data, text: isError(error) ? error.message : '' };
};

interface Settings {
  level: string;
  bindings: readonly object[];
  readonly prefix: string;
}

const openLogger = (bridge: GuestBridge, boot: LogBoot, settings: Settings): GuestLogger => {
  const isEnabled = (level: string): boolean =>
    boot.levels.includes(level) && (valueOf.get(level) ?? 0) >= (valueOf.get(settings.level) ?? levelValues.info);

  const send = (level: string, args: readonly unknown[]): void => {
    const { data, text } = parseLine(args, boot);
    const sources = data === null ? settings.bindings : [...settings.bindings, data];
    const json = sources.length === 0 ? '{}' : makeJson(sources, boot.dataChars, boot.dataDepth);
    const line = { level, text: cut(settings.prefix + text, boot.textChars) };
    bridge.send('write', json === '{}' ? line : { ...line, data: json });
  };

  const at =
    (level: LevelName): LogLine =>
    (...args) => {
      if (!isEnabled(level)) return;
      try {
        send(level, args);
      } catch {
        // What threw is the extension's: a Proxy, a patched intrinsic. A log line is no reason to fail its request.
        bridge.send('write', { level, text: '[a line that could not be written: something in it threw]' });
      }
    };

  return {
    fatal: at('fatal'),
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    trace: at('trace'),
    silent: () => undefined,
    levels: { values: levelValues, labels: levelLabels },
    get level() {
      return settings.level;
    },
    set level(level: string) {
      if (!valueOf.has(level)) throw new Error(`unknown level ${level}`);
      settings.level = level;
    },
    get levelVal() {
      return valueOf.get(settings.level) ?? levelValues.info;
    },
    isLevelEnabled: isEnabled,
    child: (bindings = {}, options = {}) => {
      const child = openLogger(bridge, boot, {
        level: settings.level,
        bindings: [...settings.bindings, bindings],
        prefix: settings.prefix + (options.msgPrefix ?? ''),
      });
      if (options.level !== undefined) child.level = options.level;
      return child;
    },
    bindings: () => Object.assign({}, ...settings.bindings) as object,
    setBindings(bindings) {
      settings.bindings = [...settings.bindings, bindings];
    },
    flush: (done) => done?.(),
  };
};

/** `logger`; where log is not granted, one whose level is `silent`. */
export const makeGuest = (bridge: GuestBridge): GuestLogger => {
  const boot = bridge.granted && bridge.boot !== undefined ? (bridge.boot as LogBoot) : noBoot;
  return openLogger(bridge, boot, { level: boot.level, bindings: [], prefix: '' });
};
