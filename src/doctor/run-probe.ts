// Starts the probe as wards are started, with bait to take. Must never leave bait or probe behind.
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Artefacts } from '../wards/artefacts.ts';
import type { Program } from '../wards/hardening/open-hardening.ts';

export interface Bait {
  /** As the probe takes it. */
  readonly json: string;
  close(): Promise<void>;
}

/** A file for everybody, one for the host's user alone, and a port that takes connections. */
export const openBait = async (): Promise<Bait> => {
  const folder = await mkdtemp(join(tmpdir(), 'cloister-doctor-'));
  await chmod(folder, 0o755);
  const [open, closed] = [join(folder, 'open'), join(folder, 'closed')];
  await writeFile(open, 'bait');
  await chmod(open, 0o666);
  await writeFile(closed, 'bait', { mode: 0o600 });
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    json: JSON.stringify({ open, closed, port, host: process.pid }),
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
};

const probeMs = 30_000;

/** Attempt → null where it worked, else what stopped it; null where the probe did not come up or was ended. */
export type Taken = Readonly<Record<string, string | null>> | null;

export const runProbe = (start: (script: string, bait: string) => Program, { probeFile }: Artefacts, bait: Bait): Promise<Taken> =>
  new Promise((resolve) => {
    const { file, args } = start(probeFile, bait.json);
    const child = spawn(file, args, { env: {}, stdio: ['ignore', 'ignore', 'ignore', 'pipe'], timeout: probeMs, killSignal: 'SIGKILL' });
    let text = '';
    (child.stdio[3] as Readable).on('data', (part: Buffer) => {
      text += part.toString();
    });
    child.on('error', () => resolve(null));
    child.on('close', () => {
      try {
        resolve(JSON.parse(text) as Taken);
      } catch {
        resolve(null);
      }
    });
  });
