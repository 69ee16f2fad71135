// A process that was started for the host, however it was started. Must never be killed by its number alone: who has not seen it end cannot know whose number it is by then.
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Program } from '../hardening/open-hardening.ts';

export interface Started {
  /** 0 where there is none. */
  readonly pid: number;
  /** The other end of its descriptor 3. */
  readonly socket: Socket;
  /** How it ended, once all that it said was read too. */
  readonly ended: Promise<string>;
  /** SIGKILL. */
  kill(): void;
}

/** Nothing of the host's, but how it reads a date that has no time zone. */
export const wardEnvironment = (): NodeJS.ProcessEnv => (process.env['TZ'] === undefined ? {} : { TZ: process.env['TZ'] });

export const describeEnd = (code: number | null, signal: string | null): string => `exited by itself (${signal ?? String(code)})`;

/** By the host itself. Its event loop stands still while fork copies the tables of its memory: 15 ms at 250 MB, 48 ms at 1 GB (`npm run bench -- --parts=starts`). */
export const startDirectly = ({ file, args }: Program): Started => {
  const child = spawn(file, args, { env: wardEnvironment(), stdio: ['ignore', 'ignore', 'ignore', 'pipe'], windowsHide: true });
  return {
    pid: child.pid ?? 0,
    socket: child.stdio[3] as Socket,
    ended: new Promise((resolve) => {
      child.on('error', (error) => resolve(`could not be started: ${error.message}`));
      // Not 'exit': what it said last, and whose fault it was, may still be on its way.
      child.on('close', (code, signal) => resolve(describeEnd(code, signal)));
    }),
    kill: () => void child.kill('SIGKILL'),
  };
};
