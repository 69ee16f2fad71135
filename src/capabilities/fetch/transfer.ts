// One request that goes on after its head: what is written of its body, what is read of the answer, and how it came out. Must never outlive its lease.
import { isUtf8 } from 'node:buffer';
import type { CallEnd, CallResult } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import { type BodyReader, makeBodyReader } from './body-reader.ts';
import { fetchBounds } from './bounds.ts';
import type { FetchResult } from './contract.ts';
import type { Followed } from './follow.ts';
import { makeBodyMask } from './mask-stream.ts';
import type { Masker } from './masker.ts';
import type { Upload } from './upload.ts';

export interface Transfer {
  readonly signal: AbortSignal;
  /** The head, and the body where it is short and there. */
  answer(followed: Followed, inOnePiece: boolean): Promise<CallResult>;
  read(): Promise<CallResult>;
  write(piece: Uint8Array | null, last: boolean): Promise<CallResult>;
  /** It is over; only the first says how. */
  end(outcome: string): void;
}

export interface TransferParts {
  readonly upload: Upload | null;
  /** Bytes of a body that left with the request. */
  readonly sentAtOnce: number;
  readonly masker: Masker;
  readonly leaseSignal: AbortSignal;
  /** Of a body that is answered in one piece. */
  readonly maxBytes: number;
  /** The guest's error for whatever went wrong. */
  tell(error: unknown): CloisterError;
  onEnd(): void;
}

const done: CallResult = { json: 'null' };

export const openTransfer = ({ upload, sentAtOnce, masker, leaseSignal, maxBytes, tell, onEnd }: TransferParts): Transfer => {
  const ending = new AbortController();
  let reader: BodyReader | null = null;
  let isReading = false;
  let isOver = false;
  let received = 0;
  let ended: CallEnd | null = null;
  let listener: ((end: CallEnd) => void) | null = null;
  const onEnded = (given: (end: CallEnd) => void): void => {
    if (ended === null) listener = given;
    else given(ended);
  };

  const end = (outcome: string): void => {
    if (isOver) return;
    isOver = true;
    leaseSignal.removeEventListener('abort', onLeaseOver);
    ending.abort();
    upload?.close();
    reader?.destroy();
    ended = { outcome, received, sent: upload?.sentBytes ?? sentAtOnce };
    listener?.(ended);
    onEnd();
  };
  const onLeaseOver = (): void => end('ERR_LEASE_OVER');
  leaseSignal.addEventListener('abort', onLeaseOver, { once: true });

  const failed = (error: unknown): CloisterError => {
    const told = tell(error);
    end(told.code);
    return told;
  };

  const bodyOf = (bytes: Buffer, inOnePiece: boolean): Pick<CallResult, 'bytes'> & Pick<FetchResult, 'body'> => {
    if (bytes.length === 0) return { body: null };
    if (isUtf8(bytes)) return { body: { text: bytes.toString('utf8') } };
    return inOnePiece ? { body: { base64: bytes.toString('base64') } } : { body: { stream: false }, bytes };
  };

  return {
    signal: ending.signal,
    end,
    async answer({ url, status, statusText, redirected, headers, body }, inOnePiece) {
      reader = makeBodyReader(body, makeBodyMask(masker));
      if (isOver) reader.destroy();
      const [bytes, complete] = inOnePiece
        ? await reader.gather(maxBytes + 1, Number.POSITIVE_INFINITY)
        : await reader.gather(fetchBounds.wholeBytes.value, fetchBounds.wholeMs.value);
      received += bytes.length;
      if (inOnePiece && !complete)
        throw new CloisterError('ERR_CALL_FAILED', `The result is over the limit resultBytes (${String(maxBytes)}).`, {
          limit: 'resultBytes',
        });
      const { bytes: beside, body: told } = complete ? bodyOf(bytes, inOnePiece) : { body: { stream: true }, bytes };
      const result: FetchResult = {
        url: masker.text(url),
        status,
        statusText: masker.text(statusText),
        redirected,
        headers: headers.map(([name, value]) => [masker.text(name), masker.text(value)]),
        body: told,
      };
      if (complete) end('ok');
      return { json: JSON.stringify(result), onEnd: onEnded, giveUp: end, ...(beside === undefined ? {} : { bytes: beside }) };
    },
    async read() {
      if (reader === null || isReading)
        throw new CloisterError('ERR_ARGUMENT_INVALID', 'fetch.read: there is no body yet, or it is being read');
      isReading = true;
      try {
        const piece = await reader.read();
        received += piece?.length ?? 0;
        if (piece === null) end('ok');
        return piece === null ? done : { json: 'null', bytes: piece };
      } catch (error) {
        throw failed(error);
      } finally {
        isReading = false;
      }
    },
    async write(piece, last) {
      if (upload === null) throw new CloisterError('ERR_ARGUMENT_INVALID', 'fetch.write: the request has no body to come');
      await upload.write(piece, last);
      return done;
    },
  };
};
