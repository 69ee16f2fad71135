// Runs what ends engines and wedges threads in real wards of a runtime of its own. Must never touch the operator's extensions, database or ledger.
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { CloisterOptions } from '../options.ts';
import { createRuntime, type Runtime } from '../runtime.ts';
import { type DoctorCheck, fails, holds } from './finding.ts';

const source = `export default (router) => {
  router.get('/calm', (req, res) => res.send('calm'));
  router.get('/loop', () => { for (;;); });
  router.get('/after', async () => { await null; for (;;); });
  router.get('/hungry', async () => {
    const kept = [];
    for (let mb = 0; mb < 105; mb += 1) kept.push(new Array(131_072).fill(1.5));
    for (;;) await new Promise((resolve) => setTimeout(resolve, 100, kept));
  });
  router.get('/catastrophe', () => { const map = new Map(); for (;;) map.set(map.size, map.size); });
};`;
const packageOf = (limits: object): string => JSON.stringify({ version: '1.0.0', type: 'module', main: 'index.js', cloister: { limits } });

/** The hungry one stays below what its heap may have and goes over what its ward may: only the watch from outside ends it. */
const packages: Readonly<Record<string, object>> = {
  calm: {},
  loop: { cpuMs: 200, wallMs: 2_000 },
  hungry: { memoryMb: 127, wardRssMb: 128, cpuMs: 20_000, wallMs: 60_000 },
  catastrophe: { memoryMb: 32, wardRssMb: 512, cpuMs: 20_000, wallMs: 60_000 },
};

interface Ending {
  readonly name: string;
  readonly path: string;
  readonly statuses: readonly number[];
  /** What the ledger must have of it; null: nothing in particular. */
  readonly event: string | null;
}

const endings: readonly Ending[] = [
  { name: 'a loop is ended', path: '/loop/loop', statuses: [504], event: null },
  { name: 'a loop after an await is ended', path: '/loop/after', statuses: [504], event: null },
  { name: 'the watch on resident memory kills a ward', path: '/hungry/hungry', statuses: [507], event: 'ward.kill' },
  { name: 'a catastrophe of V8 ends its ward alone', path: '/catastrophe/catastrophe', statuses: [504, 507], event: null },
];

const askMs = 90_000;
const calmMs = 15_000;

const ask = async (url: string): Promise<number> => {
  const reply = await fetch(url, { signal: AbortSignal.timeout(askMs) });
  await reply.arrayBuffer();
  return reply.status;
};

const tryEnding = async (runtime: Runtime, url: string, { name, path, statuses, event }: Ending): Promise<DoctorCheck> => {
  const report = 'report it (SECURITY.md), with the versions above';
  const before = runtime.ledger().at(-1)?.sequence ?? 0;
  const began = performance.now();
  const status = await ask(`${url}${path}`);
  const ms = Math.round(performance.now() - began);
  if (!statuses.includes(status)) return fails('endings', name, `it was answered with ${String(status)} after ${String(ms)} ms`, report);
  const seen = runtime.ledger().some((entry) => entry.sequence > before && entry.kind === 'life' && entry.event === event);
  if (event !== null && !seen)
    return fails(
      'endings',
      name,
      `nothing was killed; it ended otherwise after ${String(ms)} ms`,
      'is /proc there to read? The watch needs it',
    );
  for (const until = performance.now() + calmMs; ; ) {
    if ((await ask(`${url}/calm/calm`)) === 200) break;
    if (performance.now() > until) return fails('endings', name, 'the others are not served any more', report);
  }
  return holds('endings', name, `after ${String(ms)} ms; the others are served`);
};

/** `wards`: as the operator has them. */
export const checkEndings = async (wards: CloisterOptions['wards']): Promise<readonly DoctorCheck[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'cloister-doctor-'));
  await chmod(folder, 0o755);
  try {
    for (const [name, limits] of Object.entries(packages)) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'package.json'), packageOf(limits));
      await writeFile(join(folder, name, 'index.js'), source);
    }
    const runtime = await createRuntime({
      extensions: [folder],
      approvals: 'requested',
      logger: pino({ level: 'silent' }),
      // Each in a ward of its own, so that it is its own limit that is met.
      identify: ({ url = '' }) => ({ tenant: url.split('/')[1] ?? '', accountability: null }),
      ...(wards === undefined ? {} : { wards }),
    });
    const { createServer } = await import('node:http');
    const server = createServer(runtime.handler());
    try {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const url = `http://127.0.0.1:${String(typeof address === 'object' && address !== null ? address.port : 0)}`;
      const checks: DoctorCheck[] = [];
      for (const ending of endings) checks.push(await tryEnding(runtime, url, ending));
      return checks;
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await runtime.close({ drainMs: 0 });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
