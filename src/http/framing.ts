// Refuses requests of which two readers could find different ends. Must never let what follows one of them on its connection be served.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { CloisterError } from '../errors.ts';
import { writeError } from './http-answer.ts';

/** Node's parser takes more than HTTP/1 has: other versions, chunks in 1.0, codings that nobody undoes. A proxy in front may well frame these otherwise. */
const isFramedTwoWays = ({ httpVersion, headers }: IncomingMessage): boolean => {
  const coding = headers['transfer-encoding'];
  if (httpVersion === '1.0') return coding !== undefined;
  return httpVersion !== '1.1' || (coding !== undefined && coding.toLowerCase() !== 'chunked');
};

/** An HTTP/2 server of the embedder's has frames of its own. */
const hasFrames = (request: IncomingMessage): boolean => 'stream' in request;

/** true: it was answered, or is not to be. */
export type FramingGuard = (request: IncomingMessage, response: ServerResponse) => boolean;

export const makeFramingGuard = (): FramingGuard => {
  /** Node reads on after an answer that closes: what came in the same packet arrives here, and is nobody's request. */
  const given = new WeakSet<Socket>();
  return (request, response) => {
    if (hasFrames(request)) return false;
    if (given.has(request.socket)) return true;
    if (!isFramedTwoWays(request)) return false;
    given.add(request.socket);
    response.shouldKeepAlive = false;
    writeError(
      response,
      new CloisterError('ERR_REQUEST_INVALID', 'The request is no HTTP/1.1, or says in more than one way where it ends.'),
    );
    return true;
  };
};
