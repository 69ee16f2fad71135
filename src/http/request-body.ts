// Reads what a client sends: whole where it has to be parsed, as a stream where it is large. Must never hold more than bodyInBytes.
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { bodyModes } from '../../sandbox/protocol/kinds.ts';
import type { BodyStream } from '../dispatch/answer.ts';
import { CloisterError } from '../errors.ts';

export interface RequestBody {
  readonly mode: number;
  readonly bytes: Uint8Array | null;
  readonly stream?: BodyStream;
}

/** Bodies up to this size are read whole whatever their type: a frame is cheaper than a stream, and the request can be run again. */
const wholeBytes = 64 * 1024;
/** A client that sends nothing for this long has gone. */
const idleMs = 15_000;
/** Unread by the guest, more than this pauses the client. */
const windowBytes = 256 * 1024;

const none: RequestBody = { mode: bodyModes.none, bytes: null };
const formType = /^\s*application\/x-www-form-urlencoded/i;
const parsedByKernel = /^\s*application\/(?:json|x-www-form-urlencoded|[\w.+-]+\+json)/i;
const parsedType = /^\s*(?:application\/(?:json|x-www-form-urlencoded|[\w.+-]+\+json)|text\/)/i;

interface ParsedRequest extends IncomingMessage {
  readonly body?: unknown;
  readonly rawBody?: unknown;
}

/** null: read at once, nothing to wait for. */
export const hasNoBody = (request: IncomingMessage): boolean => {
  const { headers } = request;
  return headers['transfer-encoding'] === undefined && (headers['content-length'] === undefined || headers['content-length'] === '0');
};

/** Throws ERR_BODY_TOO_LARGE, or ERR_REQUEST_INVALID when the client breaks off. */
export const readBody = async (request: ParsedRequest, maxBytes: number): Promise<RequestBody> => {
  if (hasNoBody(request)) return none;
  const declared = Number(request.headers['content-length'] ?? Number.NaN);
  if (declared > maxBytes) throw tooLarge(maxBytes, declared);
  // The embedder's own body parser was here first: what it has read cannot be read again.
  if (request.readableEnded) return reencode(request, maxBytes);
  const type = request.headers['content-type'] ?? '';
  if (parsedType.test(type) || declared <= wholeBytes) return wholeBody(await readWhole(request, maxBytes), type);
  return { mode: bodyModes.stream, bytes: null, stream: openBodyStream(request, maxBytes) };
};

const tooLarge = (maxBytes: number, used: number): CloisterError =>
  new CloisterError('ERR_BODY_TOO_LARGE', `The request body is over the limit bodyInBytes (${maxBytes}).`, {
    limit: 'bodyInBytes',
    allowed: maxBytes,
    used,
  });

const wholeBody = (bytes: Buffer, type: string): RequestBody => {
  if (bytes.length === 0) return none;
  if (isUtf8(bytes)) return { mode: bodyModes.text, bytes };
  if (parsedByKernel.test(type)) throw new CloisterError('ERR_BODY_MALFORMED', 'The request body is not UTF-8.');
  return { mode: bodyModes.bytes, bytes };
};

const reencode = (request: ParsedRequest, maxBytes: number): RequestBody => {
  const { body, rawBody } = request;
  const type = request.headers['content-type'] ?? '';
  const source = rawBody instanceof Uint8Array ? rawBody : body;
  const bytes =
    source instanceof Uint8Array ? Buffer.from(source) : Buffer.from(typeof source === 'string' ? source : asText(source ?? {}, type));
  if (bytes.length > maxBytes) throw tooLarge(maxBytes, bytes.length);
  return wholeBody(bytes, type);
};

const asText = (body: unknown, type: string): string => (formType.test(type) ? encodeForm(body, '').join('&') : JSON.stringify(body));

/** Nested values in brackets, as qs writes and reads them. */
const encodeForm = (value: unknown, name: string): readonly string[] => {
  if (typeof value !== 'object' || value === null) return [`${encodeURIComponent(name)}=${encodeURIComponent(String(value ?? ''))}`];
  return Object.entries(value).flatMap(([key, inner]) => encodeForm(inner, name === '' ? key : `${name}[${key}]`));
};

const readWhole = (request: IncomingMessage, maxBytes: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    let timer = setTimeout(() => finish(new CloisterError('ERR_REQUEST_INVALID', 'The client stopped sending its body.')), idleMs);
    const finish = (error: CloisterError | null): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      if (error === null) resolve(parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, bytes));
      else reject(error);
    };
    const onData = (part: Buffer): void => {
      bytes += part.length;
      parts.push(part);
      timer.refresh();
      if (bytes > maxBytes) {
        finish(tooLarge(maxBytes, bytes));
        // The rest is let through unread, so that the client gets to see the answer.
        request.resume();
      }
    };
    const onEnd = (): void => finish(null);
    const onClose = (): void => finish(new CloisterError('ERR_REQUEST_INVALID', 'The client broke off its body.'));
    timer = timer.refresh();
    request.on('data', onData).on('end', onEnd).on('close', onClose);
  });

const openBodyStream = (request: IncomingMessage, maxBytes: number): BodyStream => {
  let unread = 0;
  let total = 0;
  let stop = (): void => undefined;
  return {
    start: (onChunk, onEnd, onTooLarge) => {
      const onData = (part: Buffer): void => {
        total += part.length;
        unread += part.length;
        if (total > maxBytes) {
          stop();
          onTooLarge(total);
          return;
        }
        onChunk(part);
        if (unread > windowBytes) request.pause();
      };
      const onFinish = (): void => {
        stop();
        onEnd(true);
      };
      const onClose = (): void => {
        stop();
        onEnd(false);
      };
      stop = (): void => {
        request.off('data', onData).off('end', onFinish).off('close', onClose);
        request.resume();
      };
      request.on('data', onData).on('end', onFinish).on('close', onClose);
    },
    taken: (bytes) => {
      unread = Math.max(0, unread - bytes);
      if (unread <= windowBytes && request.isPaused()) request.resume();
    },
    stop: () => stop(),
  };
};
