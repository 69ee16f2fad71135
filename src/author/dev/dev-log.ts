// Lines of the host's log as an author reads them. Must never let what a guest wrote move a cursor: the log has spelled that out.
import type { DestinationStream } from 'pino';

interface Line {
  readonly level: number;
  readonly time: number;
  readonly msg?: string;
  readonly extension?: string;
  readonly guest?: unknown;
  readonly err?: { readonly stack?: string; readonly message?: string };
}

const levels: ReadonlyMap<number, string> = new Map([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
]);

/** What the host says of its own life is no business of an author's. */
const isOwn = ({ msg }: Line): boolean => msg === 'life';

const indent = (text: string): string => text.replaceAll('\n', '\n    ');

/** Newlines come spelled out; these are stacks, which are nothing without them. */
const unspell = (stack: string): string => stack.replaceAll('\\n', '\n');

const stackOf = (guest: unknown): string | null => {
  if (typeof guest !== 'object' || guest === null) return null;
  const { stack, err } = guest as { readonly stack?: unknown; readonly err?: { readonly stack?: unknown } };
  if (typeof stack === 'string') return unspell(stack);
  return typeof err?.stack === 'string' ? unspell(err.stack) : null;
};

const dataOf = (guest: unknown): string => {
  if (typeof guest !== 'object' || guest === null) return '';
  const { stack: _, err: __, ...rest } = guest as Readonly<Record<string, unknown>>;
  return Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
};

/** `mapStack` is given an extension's id and what it threw. */
export const makeDevLog = (say: (line: string) => void, mapStack: (extension: string, stack: string) => string): DestinationStream => ({
  write(text) {
    const line = JSON.parse(text) as Line;
    if (isOwn(line)) return;
    const { extension = '', guest, err, msg = '' } = line;
    const stack = stackOf(guest);
    const own = err?.stack ?? err?.message;
    say(
      [
        `${(levels.get(line.level) ?? '').padEnd(5)} ${extension === '' ? 'cloister' : extension}  ${msg}${dataOf(guest)}`,
        ...(stack === null ? [] : [`    ${indent(mapStack(extension, stack))}`]),
        ...(own === undefined ? [] : [`    ${indent(own)}`]),
      ].join('\n'),
    );
  },
});
