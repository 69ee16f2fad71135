// A request's body as node's writers give it: kept while it is short, passed on as it comes where it is not. Must never take a piece before the one before it has left.
import type { BodySource } from '../hooks.ts';

type Done = (error?: Error | null) => void;

/** A body up to this, ended within this time, goes with its request. */
const inlineBytes = 65_536;
const inlineMs = 30;

export interface OutgoingStream extends BodySource {
  write(piece: Uint8Array, done: Done): void;
  /** What there is, if nobody has begun to read; else null, and the reader gets the rest. */
  end(): readonly Uint8Array[] | null;
  /** Nothing is kept any more: it is read from now on. */
  begin(): void;
  stop(): void;
}

/** `onLong` is called once, when it will not wait for its end: `begin` is expected. */
export const makeOutgoingStream = (bytes: number | null, onLong: () => void): OutgoingStream => {
  const queue: (readonly [piece: Uint8Array, done: Done | null])[] = [];
  let kept = 0;
  let isStreaming = false;
  let isEnded = false;
  let isCancelled = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waiting: ((piece: Uint8Array | null) => void) | null = null;

  const give = (): void => {
    if (waiting === null) return;
    const next = queue.shift();
    if (next === undefined && !isEnded) return;
    const resolve = waiting;
    waiting = null;
    next?.[1]?.();
    resolve(next?.[0] ?? null);
  };
  const long = (): void => {
    if (!isStreaming && !isEnded) onLong();
  };

  return {
    bytes,
    write: (piece, done) => {
      if (isCancelled) return done();
      if (isStreaming) {
        queue.push([piece, done]);
        return give();
      }
      queue.push([piece, null]);
      kept += piece.length;
      timer ??= setTimeout(long, inlineMs);
      if (kept > inlineBytes) long();
      done();
    },
    end: () => {
      clearTimeout(timer);
      isEnded = true;
      if (!isStreaming) return queue.splice(0).map(([piece]) => piece);
      give();
      return null;
    },
    begin: () => {
      clearTimeout(timer);
      isStreaming = true;
    },
    read: () =>
      new Promise((resolve) => {
        waiting = resolve;
        give();
      }),
    cancel: () => {
      isCancelled = true;
      for (const [, done] of queue.splice(0)) done?.();
    },
    stop: () => clearTimeout(timer),
  };
};
