// A runtime whose wards, or whose kernels, are in an attacker's hands: in the place of the wards' Node stands a script that starts something else. Must never touch what other runtimes use.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findArtefacts } from '../../src/wards/artefacts.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

interface Substitute {
  /** Taken for the ward. */
  readonly ward?: string;
  /** Taken for the guest bundle the images are made of: text. */
  readonly bundle?: string;
  readonly seed: number;
}

export interface HostileRuntime extends TestRuntime {
  readonly faults: readonly unknown[];
}

/** Nothing of the extension itself runs where the ward or the kernel is not ours. */
export const openHostileRuntime = async (
  { ward, bundle, seed }: Substitute,
  databaseUrl: string,
  source: string,
): Promise<HostileRuntime> => {
  const folder = await mkdtemp(join(tmpdir(), 'cloister-hostile-'));
  const { execPath } = findArtefacts(undefined);
  const bundleFile = join(folder, 'bundle.js');
  if (bundle !== undefined) await writeFile(bundleFile, bundle);
  const wardProgram = ward === undefined ? null : fileURLToPath(new URL(ward, import.meta.url));
  const script = `#!/bin/sh
case "$*" in
  *ward.js) exec ${quote(execPath)} ${wardProgram === null ? '"$@"' : `${quote(wardProgram)} ${seed}`} ;;
  *image.js*) ${bundle === undefined ? `exec ${quote(execPath)} "$@"` : `eval "for image; do case \\$image in *image.js) break;; esac; done"; exec ${quote(execPath)} --no-node-snapshot --no-turboshaft-loop-unrolling "$image" ${quote(bundleFile)}`} ;;
  *) exec ${quote(execPath)} "$@" ;;
esac
`;
  const file = join(folder, 'node');
  await writeFile(file, script);
  await chmod(file, 0o755);
  const faults: unknown[] = [];
  const note = (error: unknown): void => void faults.push(error);
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
  // Nothing listens there.
  const fetch = { origins: { 'http://127.0.0.1:9': true } };
  const capabilities = { database: { tables: { things: { read: true } } }, env: { keys: ['GIVEN'] }, kv: {}, fetch };
  const runtime = await openTestRuntime({
    extensions: {
      evil: extension(source, { capabilities, limits: { wallMs: 800, streamIdleMs: 400, callBytes: 100_000, cpuMs: 200, memoryMb: 64 } }),
    },
    options: {
      database: databaseUrl,
      egress: { internalOrigins: ['http://127.0.0.1:9'] },
      env: { GIVEN: 'given', SECRET: 'canary' },
      wards: { execPath: file, max: 12, perTenant: 1, spareCells: 1, hardening: 'off' },
      identify: (request) => ({ tenant: String(request.headers['x-tenant'] ?? 'default'), accountability: null }),
    },
    logLevel: 'fatal',
  });
  return {
    ...runtime,
    faults,
    close: async () => {
      await runtime.close();
      process.off('unhandledRejection', note);
      process.off('uncaughtException', note);
      await rm(folder, { recursive: true, force: true });
    },
  };
};
