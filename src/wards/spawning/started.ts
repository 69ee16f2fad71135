// A process that was started for the host, however it was started. Must never be killed by its number alone: who has not seen it end cannot know whose number it is by then.
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { makeFirstToGo } from '../first-to-go.ts';
import type { Program } from '../hardening/open-hardening.ts';

export interface End {
  readonly how: string;
  /** Nothing that it did was the cause, nor anything in it. */
  readonly blameless: boolean;
}

export interface Started {
  /** 0 where there is none. */
  readonly pid: number;
  /** The other end of its descriptor 3. */
  readonly socket: Socket;
  /** Once all that it said was read too, unless it was blameless. */
  readonly ended: Promise<End>;
  /** SIGKILL. */
  kill(): void;
}

/** Nothing of the host's, but how it reads a date that has no time zone. */
export const wardEnvironment = (): NodeJS.ProcessEnv => (process.env['TZ'] === undefined ? {} : { TZ: process.env['TZ'] });

export const describeEnd = (code: number | null, signal: string | null): string => `exited by itself (${signal ?? String(code)})`;

const noSocket = (): Socket => new Socket().destroy();

/** By the host itself. Its event loop stands still while fork copies the tables of its memory: 15 ms at 250 MB, 48 ms at 1 GB (`npm run bench -- --parts=starts`). */
export const startDirectly = ({ file, args }: Program): Started => {
  const child = spawn(file, args, { env: wardEnvironment(), stdio: ['ignore', 'ignore', 'ignore', 'pipe'], windowsHide: true });
  makeFirstToGo(child.pid);
  const ended = new Promise<End>((resolve) => {
    child.on('error', (error) => resolve({ how: `could not be started: ${error.message}`, blameless: true }));
    // Not 'exit': what it said last, and whose fault it was, may still be on its way.
    child.on('close', (code, signal) => resolve({ how: describeEnd(code, signal), blameless: false }));
  });
  // Where there was no descriptor left, there are no streams either, whatever their type says.
  const streams = child.stdio as readonly unknown[] | undefined;
  const socket = streams?.[3];
  return { pid: child.pid ?? 0, socket: socket instanceof Socket ? socket : noSocket(), ended, kill: () => void child.kill('SIGKILL') };
};
