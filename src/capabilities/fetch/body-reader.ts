// Reads a response's body piece by piece, for one reader at a time. Must never read ahead of it by more than a piece.
import type { Readable } from 'node:stream';
import { fetchBounds } from './bounds.ts';
import type { DecodedBody } from './decoded.ts';
import type { BodyMask } from './mask-stream.ts';

export interface BodyReader {
  /** The next piece; null where there is no more. */
  read(): Promise<Buffer | null>;
  /** What comes within `ms`, to about `bytes`; the second says whether that is all. */
  gather(bytes: number, ms: number): Promise<readonly [Buffer, complete: boolean]>;
  destroy(): void;
}

const whenReadable = (stream: Readable): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      stream.off('readable', onReadable).off('end', onReadable).off('error', onError).off('close', onClose);
    };
    const onReadable = (): void => {
      stop();
      resolve();
    };
    const onError = (error: Error): void => {
      stop();
      reject(error);
    };
    const onClose = (): void => {
      stop();
      if (stream.readableEnded) resolve();
      else reject(stream.errored ?? new Error('the body was given up'));
    };
    stream.on('readable', onReadable).on('end', onReadable).on('error', onError).on('close', onClose);
  });

export const makeBodyReader = ({ stream, tell }: DecodedBody, mask: BodyMask): BodyReader => {
  let isMasked = false;
  // Somebody reads when they read; until then an error waits.
  stream.on('error', () => undefined);

  const next = async (): Promise<Buffer | null> => {
    for (;;) {
      if (stream.errored !== null) throw tell(stream.errored);
      const size = Math.min(stream.readableLength, fetchBounds.pieceBytes.value);
      const piece = size === 0 ? null : (stream.read(size) as Buffer | null);
      if (piece !== null) return piece;
      if (stream.readableEnded) return null;
      // At its end a stream says so only to who asks.
      if (stream.read(0) === null && stream.readableEnded) return null;
      try {
        await whenReadable(stream);
      } catch (error) {
        throw tell(error);
      }
    }
  };

  const read = async (): Promise<Buffer | null> => {
    while (!isMasked) {
      const piece = await next();
      isMasked = piece === null;
      const masked = piece === null ? mask.end() : mask.push(piece);
      if (masked.length > 0) return masked;
    }
    return null;
  };

  /** A read that nobody has waited for to its end. */
  let ahead: Promise<Buffer | null> | null = null;

  return {
    read: () => {
      const started = ahead ?? read();
      ahead = null;
      return started;
    },
    gather: async (bytes, ms) => {
      const pieces: Buffer[] = [];
      let size = 0;
      let timer: NodeJS.Timeout | undefined;
      const late = Number.isFinite(ms)
        ? new Promise<'late'>((resolve) => {
            timer = setTimeout(resolve, ms, 'late');
          })
        : null;
      try {
        while (size < bytes) {
          ahead ??= read();
          ahead.catch(() => undefined);
          const piece = await (late === null ? ahead : Promise.race([ahead, late]));
          if (piece === 'late') break;
          ahead = null;
          if (piece === null) return [Buffer.concat(pieces), true];
          pieces.push(piece);
          size += piece.length;
        }
        return [Buffer.concat(pieces), false];
      } finally {
        clearTimeout(timer);
      }
    },
    destroy: () => void stream.destroy(),
  };
};
