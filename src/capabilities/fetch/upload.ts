// The body of a request as the guest sends it, piece by piece. Must never hold more than a piece that the network has not taken.
import { Readable } from 'node:stream';
import { CloisterError } from '../../errors.ts';
import { fetchBounds } from './bounds.ts';

export interface Upload {
  readonly stream: Readable;
  /** As the guest said; null: it does not know. */
  readonly length: number | null;
  readonly sentBytes: number;
  /** Resolves when there is room for more. Rejects where it is too much, or nobody takes any. */
  write(piece: Uint8Array | null, last: boolean): Promise<void>;
  /** Nobody takes any more. */
  close(error?: Error): void;
}

const notTaken = (): CloisterError => new CloisterError('ERR_EGRESS_FAILED', 'the server takes no more of the body');

export const openUpload = (length: number | null, maxBytes: number): Upload => {
  let sentBytes = 0;
  let wake: (() => void) | null = null;
  let isEnded = false;
  const room = (): void => {
    wake?.();
    wake = null;
  };
  const stream = new Readable({ read: room, highWaterMark: fetchBounds.pieceBytes.value });
  stream.on('error', () => undefined);
  stream.on('close', room);
  const refuseSize = (bytes: number): void => {
    if (bytes <= maxBytes) return;
    const error = new CloisterError('ERR_ARGUMENT_INVALID', `fetch.request: the body is over maxRequestBytes (${String(maxBytes)})`, {
      limit: 'maxRequestBytes',
      allowed: maxBytes,
      used: bytes,
    });
    stream.destroy(error);
    throw error;
  };
  if (length !== null) refuseSize(length);
  return {
    stream,
    length,
    get sentBytes() {
      return sentBytes;
    },
    async write(piece, last) {
      if (wake !== null || isEnded)
        throw new CloisterError('ERR_ARGUMENT_INVALID', 'fetch.write: the piece before is not taken yet, or was the last');
      if (stream.destroyed) throw notTaken();
      refuseSize(sentBytes + (piece?.length ?? 0));
      sentBytes += piece?.length ?? 0;
      const hasRoom = piece === null || piece.length === 0 || stream.push(piece);
      if (last) {
        isEnded = true;
        stream.push(null);
        return;
      }
      if (hasRoom) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (stream.destroyed) throw notTaken();
    },
    close: (error) => void stream.destroy(error),
  };
};
