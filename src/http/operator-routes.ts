// What a host answers under /_cloister to whoever runs it. Must never tell more than that it lives to those without the token.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CloisterError } from '../errors.ts';
import { writeError } from './http-answer.ts';

export interface OperatorRoutesOptions {
  health(): unknown;
  /** null: it takes requests; else why it does not. */
  unready(): string | null;
  /** Prometheus's text; null: nothing is counted. */
  readonly metrics: (() => Promise<string>) | null;
  /** null: what needs a token is not there. */
  readonly token: string | null;
  onFault(error: unknown): void;
}

/** false: it is none of ours. */
export type OperatorRoutes = (request: IncomingMessage, response: ServerResponse, path: string) => boolean;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const write = (response: ServerResponse, status: number, type: string, text: string): void => {
  const body = Buffer.from(text);
  response.writeHead(status, { 'content-type': type, 'content-length': body.length, 'cache-control': 'no-store' });
  response.end(body);
};

const writeJson = (response: ServerResponse, status: number, value: unknown): void =>
  write(response, status, 'application/json; charset=utf-8', JSON.stringify(value));

export const makeOperatorRoutes = ({ health, unready, metrics, token, onFault }: OperatorRoutesOptions): OperatorRoutes => {
  const expected = token === null ? null : digest(`Bearer ${token}`);
  const mayAsk = ({ headers }: IncomingMessage): boolean =>
    expected !== null && timingSafeEqual(expected, digest(headers.authorization ?? ''));

  const writeMetrics = async (response: ServerResponse, render: () => Promise<string>): Promise<void> => {
    try {
      write(response, 200, 'text/plain; version=0.0.4; charset=utf-8', await render());
    } catch (error) {
      onFault(error);
      writeError(response, new CloisterError('ERR_INTERNAL', 'The host could not read its metrics.'));
    }
  };

  return (request, response, path) => {
    switch (path) {
      case '/_cloister/health':
        writeJson(response, 200, health());
        return true;
      case '/_cloister/ready': {
        const reason = unready();
        writeJson(response, reason === null ? 200 : 503, reason === null ? { ready: true } : { ready: false, reason });
        return true;
      }
      case '/_cloister/metrics':
        if (metrics === null || expected === null) return false;
        if (mayAsk(request)) void writeMetrics(response, metrics);
        else writeError(response, new CloisterError('ERR_TOKEN_REFUSED', 'This needs the operator’s token: Authorization: Bearer …'));
        return true;
      default:
        return false;
    }
  };
};
