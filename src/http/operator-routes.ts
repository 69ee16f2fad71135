// What a host answers under /_cloister to whoever runs it. Must never tell more than that it lives to those without the token.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CloisterError } from '../errors.ts';
import type { Api } from './api/api.ts';
import { writeError } from './http-answer.ts';
import { writeJson, writeText } from './write.ts';

export interface OperatorRoutesOptions {
  health(): { readonly status: string };
  /** null: it takes requests; else why it does not. */
  unready(): string | null;
  /** Prometheus's text; null: nothing is counted. */
  readonly metrics: (() => Promise<string>) | null;
  /** Changes what is served. */
  readonly api: Api;
  /** null: what needs a token is not there. */
  readonly token: string | null;
  onFault(error: unknown): void;
}

/** false: it is none of ours. */
export type OperatorRoutes = (request: IncomingMessage, response: ServerResponse, path: string) => boolean;

const apiPath = '/_cloister/api';
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const tokenRefused = (): CloisterError =>
  new CloisterError('ERR_TOKEN_REFUSED', 'This needs the operator’s token: Authorization: Bearer …');

export const makeOperatorRoutes = ({ health, unready, metrics, api, token, onFault }: OperatorRoutesOptions): OperatorRoutes => {
  const expected = token === null ? null : digest(`Bearer ${token}`);
  const mayAsk = ({ headers }: IncomingMessage): boolean =>
    expected !== null && timingSafeEqual(expected, digest(headers.authorization ?? ''));

  const writeMetrics = async (response: ServerResponse, render: () => Promise<string>): Promise<void> => {
    try {
      writeText(response, 200, 'text/plain; version=0.0.4; charset=utf-8', await render());
    } catch (error) {
      onFault(error);
      writeError(response, new CloisterError('ERR_INTERNAL', 'The host could not read its metrics.'));
    }
  };

  return (request, response, path) => {
    if (path === apiPath || path.startsWith(`${apiPath}/`)) {
      if (expected === null) return false;
      if (mayAsk(request)) api(request, response, path.slice(apiPath.length));
      else writeError(response, tokenRefused());
      return true;
    }
    switch (path) {
      case '/_cloister/health': {
        const all = health();
        writeJson(response, 200, mayAsk(request) ? all : { status: all.status });
        return true;
      }
      case '/_cloister/ready': {
        const reason = unready();
        writeJson(response, reason === null ? 200 : 503, reason === null ? { ready: true } : { ready: false, reason });
        return true;
      }
      case '/_cloister/metrics':
        if (metrics === null || expected === null) return false;
        if (mayAsk(request)) void writeMetrics(response, metrics);
        else writeError(response, tokenRefused());
        return true;
      default:
        return false;
    }
  };
};
