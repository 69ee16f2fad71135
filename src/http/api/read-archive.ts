// The body of a deploy. Must never hold more of it than an archive may have, nor wait for it for ever.
import type { IncomingMessage } from 'node:http';
import { CloisterError } from '../../errors.ts';
import { apiBounds } from './bounds.ts';

const tooLarge = (maxBytes: number): CloisterError =>
  new CloisterError('ERR_BODY_TOO_LARGE', `The archive is over the limit archiveBytes (${maxBytes}).`, {
    limit: 'archiveBytes',
    allowed: maxBytes,
  });

export const readArchive = (request: IncomingMessage, maxBytes: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) return reject(tooLarge(maxBytes));
    // A parser of the embedder's was here before.
    if (request.readableEnded || request.destroyed)
      return reject(
        new CloisterError(
          'ERR_REQUEST_INVALID',
          'The archive was read by something before; send it as content-type: application/octet-stream.',
        ),
      );
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      settle();
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > maxBytes) finish(() => reject(tooLarge(maxBytes)));
    };
    const onEnd = (): void => finish(() => resolve(Buffer.concat(chunks)));
    const onClose = (): void =>
      finish(() => reject(new CloisterError('ERR_REQUEST_INVALID', 'The archive broke off before it was whole.')));
    const timer = setTimeout(
      () => finish(() => reject(new CloisterError('ERR_REQUEST_INVALID', `The archive took longer than ${apiBounds.bodyMs.value} ms.`))),
      apiBounds.bodyMs.value,
    );
    request.on('data', onData).on('end', onEnd).on('close', onClose);
  });
