// The host of the long soak, in a process of its own: what is measured is the host alone, not who asks it. Answers what `host-process.ts` asks; must never hold a judgement.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { findSandboxProcesses, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';
import { countBelongings } from './belongings.ts';
import type { Answer, HostLateness, Question } from './host-process.ts';
import { canary, hostileCeiling, hostileFolders, makeExtensions } from './hostile-traffic.ts';

const maxWards = 24;
const loopTickMs = 5;
const nanosecondsPerMs = 1e6;
const restMs = 60_000;
/** What is destroyed takes a turn or two to go. */
const goneMs = 500;

const openSoakRuntime = (databaseUrl: string, ledger: string): Promise<TestRuntime> =>
  openTestRuntime({
    extensions: makeExtensions(),
    options: {
      database: databaseUrl,
      extensions: [...hostileFolders],
      approvals: { neighbour: 'requested', attacker: 'requested', ...hostileCeiling },
      env: { SECRET: canary },
      identify: (request) => ({ tenant: String(request.headers['x-tenant']), accountability: null }),
      wards: { max: maxWards },
      // As in production, and no larger: what a test keeps of the ledger would look like a leak.
      ledger: { ringSize: 1_000, file: ledger },
    },
    logLevel: 'silent',
  });

const delay = monitorEventLoopDelay({ resolution: loopTickMs });

/** Since it was asked last. What is measured is from tick to tick. */
const takeLateness = (): HostLateness => {
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / nanosecondsPerMs - loopTickMs);
  const taken = { p50: late(delay.percentile(50)), p99: late(delay.percentile(99)), max: late(delay.max) };
  delay.reset();
  return taken;
};

let runtime: TestRuntime | null = null;

/** Until nothing runs; then V8 gives back what it holds for later, as it would after some idle minutes: in the middle of a phase that would hide what grows. */
const rest = async (): Promise<void> => {
  for (const end = performance.now() + restMs; performance.now() < end; await sleep(100)) {
    const { requests, wards } = runtime?.runtime.health() ?? { requests: 0, wards: 0 };
    if (requests === 0 && findSandboxProcesses().length <= wards) break;
  }
  await sleep(goneMs);
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  await sleep(goneMs);
};

const answer = async (question: Question): Promise<unknown> => {
  switch (question.ask) {
    case 'open': {
      runtime = await openSoakRuntime(question.database, question.ledger);
      const [refusal] = runtime.runtime.refused();
      if (refusal !== undefined) throw refusal.error;
      delay.enable();
      return runtime.port;
    }
    case 'belongings':
      return countBelongings();
    case 'memory':
      return process.memoryUsage();
    case 'lateness':
      return takeLateness();
    case 'rest':
      return await rest();
    case 'close':
      await runtime?.close();
      runtime = null;
      return await sleep(goneMs);
  }
};

process.on('message', ({ id, question }: { readonly id: number; readonly question: Question }) => {
  answer(question).then(
    (value) => process.send?.({ id, value } satisfies Answer),
    (error: unknown) =>
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) } satisfies Answer),
  );
});
// Whoever asked is gone: nothing is left behind.
process.on('disconnect', () => void (runtime?.close() ?? Promise.resolve()).finally(() => process.exit()));
