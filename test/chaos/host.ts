// One host of a chaos run: `cloister serve` in a session of its own, on a port that stays its own. Must never be started again while it lives.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const cli = join(import.meta.dirname, '../../src/cli/main.ts');
const startMs = 180_000;
const stopMs = 60_000;

/** When it did not serve, by the clock of this process. `until` is Infinity while it is down. */
export interface Down {
  readonly from: number;
  until: number;
}

export interface Host {
  readonly name: string;
  readonly port: number;
  readonly ledger: string;
  /** Because it was killed; never because it was told to end. */
  readonly downs: readonly Down[];
  isUp(): boolean;
  wards(): readonly number[];
  start(): Promise<void>;
  /** Begins to start it; {@link Host.started} waits. */
  startLater(): void;
  started(): Promise<void>;
  kill(): Promise<void>;
  /** SIGTERM; resolves with its exit code. */
  stop(): Promise<number | null>;
  /** What it said last. */
  output(): string;
  /** Processes of all that it has been, that still live. */
  left(): readonly string[];
}

export interface HostOptions {
  readonly name: string;
  readonly port: number;
  readonly config: string;
  readonly ledger: string;
  readonly temporary: string;
  readonly env: Readonly<Record<string, string>>;
}

interface Process {
  readonly pid: number;
  readonly session: number;
  readonly command: string;
}

const listProcesses = (): readonly Process[] =>
  readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      // A zombie's parent has not asked for it yet: nothing runs any more.
      if (fields[0] === 'Z') return [];
      return [
        { pid: Number(name), session: Number(fields[3]), command: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ') },
      ];
    } catch {
      return [];
    }
  });

export const makeHost = ({ name, port, config, ledger, temporary, env }: HostOptions): Host => {
  const downs: Down[] = [];
  const sessions = new Set<number>();
  let child: ChildProcess | null = null;
  let up = false;
  let output = '';
  const ended = (one: ChildProcess): Promise<number | null> =>
    new Promise((resolve) => {
      if (one.exitCode !== null || one.signalCode !== null) resolve(one.exitCode);
      else one.once('exit', (code) => resolve(code));
    });

  let starting: Promise<void> = Promise.resolve();

  const host: Host = {
    name,
    port,
    ledger,
    downs,
    isUp: () => up,
    output: () => output,
    wards: () =>
      child === null
        ? []
        : listProcesses()
            .filter(({ session, command }) => session === child?.pid && /\/ward\.[jt]s/.test(command))
            .map(({ pid }) => pid),
    async start() {
      const started = spawn(process.execPath, [cli, 'serve', '--config', config, '--port', String(port), '--ledger', ledger], {
        env: { ...process.env, ...env, TMPDIR: temporary },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      child = started;
      if (started.pid !== undefined) sessions.add(started.pid);
      let said = '';
      for (const stream of [started.stdout, started.stderr])
        stream.on('data', (part: Buffer) => {
          if (said.length < 100_000) said += part.toString();
          output = (output + part.toString()).slice(-20_000);
        });
      for (const until = performance.now() + startMs; !said.includes('Cloister serves'); await sleep(50)) {
        if (started.exitCode !== null || started.signalCode !== null) throw new Error(`${name} did not start: ${said.slice(-3_000)}`);
        if (performance.now() > until) throw new Error(`${name} did not start within ${startMs / 1_000} s: ${said.slice(-3_000)}`);
      }
      up = true;
      const down = downs.at(-1);
      if (down !== undefined) down.until = Math.min(down.until, performance.now());
    },
    startLater() {
      // As a service manager does: PostgreSQL may be away just then, and no host starts without it.
      starting = host.start().catch(async () => {
        await sleep(5_000);
        await host.start();
      });
      // Whoever waits for it hears of it.
      starting.catch(() => undefined);
    },
    started: () => starting,
    async kill() {
      if (child === null) return;
      up = false;
      downs.push({ from: performance.now(), until: Number.POSITIVE_INFINITY });
      child.kill('SIGKILL');
      await ended(child);
    },
    async stop() {
      if (child === null) return null;
      up = false;
      child.kill('SIGTERM');
      const code = await Promise.race([ended(child), sleep(stopMs, null)]);
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      return code;
    },
    left: () =>
      listProcesses()
        .filter(({ session }) => sessions.has(session))
        .map(({ pid, command }) => `${String(pid)} ${command.slice(0, 120)}`),
  };
  return host;
};
