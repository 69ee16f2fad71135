// The process of test/helpers/commands.ts: runs src/cli/main.ts anew for each command, over modules that are loaded. Must never take a command for done while something of it would keep a process of its own from ending.
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

export interface WarmCommand {
  readonly args: readonly string[];
  readonly cwd: string;
}

export interface WarmEnd {
  readonly code: number;
  /** Kinds of resources that it left. */
  readonly kept: readonly string[];
}

/** Ends what a command said, on both streams. */
export const afterOutput = '\0after\0\n';

/** A pool, a process or a socket takes a moment to go. */
const patienceMs = 10_000;

const keeping = (before: readonly string[]): readonly string[] => {
  const known = [...before];
  return process.getActiveResourcesInfo().filter((kind) => {
    const at = known.indexOf(kind);
    if (at >= 0) known.splice(at, 1);
    return at < 0;
  });
};

const main = new URL('../../src/cli/main.ts', import.meta.url);
let count = 0;

const run = async ({ args, cwd }: WarmCommand): Promise<WarmEnd> => {
  process.chdir(cwd);
  process.argv = [process.execPath, main.pathname, ...args];
  process.exitCode = 0;
  const before = process.getActiveResourcesInfo();
  count += 1;
  await import(`${main.href}?${String(count)}`);
  const code = Number(process.exitCode);
  process.exitCode = 0;
  for (const until = performance.now() + patienceMs; keeping(before).length > 0 && performance.now() < until; ) await sleep(5);
  return { code, kept: keeping(before) };
};

const written = (stream: NodeJS.WriteStream): Promise<void> => new Promise((resolve) => stream.write(afterOutput, () => resolve()));

/** They open when they are first named. */
const streams = [process.stdout, process.stderr];

if (process.argv[1] !== undefined && pathToFileURL(process.argv[1]).href === import.meta.url)
  process.on('message', async (command: WarmCommand) => {
    const end = await run(command);
    await Promise.all(streams.map(written));
    process.send?.(end);
  });
