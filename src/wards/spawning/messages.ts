// What the host and its spawner say to each other. Must never carry more than what it takes to start a process and to know how it ended.
import type { Program } from '../hardening/open-hardening.ts';

export interface StartMessage {
  readonly start: number;
  readonly program: Program;
  readonly environment: NodeJS.ProcessEnv;
}
export interface KillMessage {
  readonly kill: number;
}
export type ToSpawner = StartMessage | KillMessage;

/** With it comes the socket. */
export interface StartedMessage {
  readonly started: number;
  readonly pid: number;
  readonly birth: string | null;
}
export interface FailedMessage {
  readonly failed: number;
  readonly reason: string;
}
export interface EndedMessage {
  readonly ended: number;
  readonly how: string;
}
export interface ReadyMessage {
  readonly ready: true;
}
export type FromSpawner = StartedMessage | FailedMessage | EndedMessage | ReadyMessage;
