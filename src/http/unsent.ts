// Counts what clients have not taken yet: all answers of one extension in one tenant together. Must never let a client that does not read decide how much the host holds.
import type { ServerResponse } from 'node:http';
import { CloisterError } from '../errors.ts';
import type { Limits } from '../limits/table.ts';

/** What a piece costs beside its bytes: buffers, callbacks, the queue (measured: 128 MB of pieces of one byte, counted as 256 each, held 400). */
const pieceBytes = 1_024;

/** A stream that stalls is ended by its lease first, which says so. */
const graceMs = 1_000;

/** One answer's part of it. */
export interface Unsent {
  /** Throws ERR_CAPACITY_EXCEEDED where the share is used up. What an answer holds alone it may hold. */
  hold(bytes: number): void;
  release(bytes: number): void;
}

export interface UnsentShares {
  of(extension: string, tenant: string, limits: Limits, response: ServerResponse): Unsent;
}

export const makeUnsentShares = (): UnsentShares => {
  /** Only of those who hold something. */
  const held = new Map<string, number>();
  const add = (key: string, bytes: number): void => {
    const now = (held.get(key) ?? 0) + bytes;
    if (now > 0) held.set(key, now);
    else held.delete(key);
  };
  return {
    of: (extension, tenant, { unsentBytes, streamIdleMs }, response) => {
      const key = JSON.stringify([extension, tenant]);
      let own = 0;
      const letGo = (): void => {
        add(key, -own);
        own = 0;
      };
      const watch = (): void => {
        response.once('close', letGo);
        response.once('finish', letGo);
        // Whoever takes nothing for so long takes nothing: node resets this with every byte that leaves.
        response.setTimeout(streamIdleMs + graceMs, () => response.destroy());
      };
      let watched = false;
      return {
        hold: (bytes) => {
          const others = (held.get(key) ?? 0) - own;
          const used = others + own + bytes + pieceBytes;
          if (used > unsentBytes && others + own > 0) {
            throw new CloisterError(
              'ERR_CAPACITY_EXCEEDED',
              `Clients have not taken earlier answers: the limit unsentBytes (${unsentBytes}).`,
              {
                limit: 'unsentBytes',
                allowed: unsentBytes,
                used,
                retryAfterSeconds: 1,
              },
            );
          }
          if (!watched) watch();
          watched = true;
          own += bytes + pieceBytes;
          add(key, bytes + pieceBytes);
        },
        release: (bytes) => {
          const back = Math.min(own, bytes + pieceBytes);
          own -= back;
          add(key, -back);
        },
      };
    },
  };
};
