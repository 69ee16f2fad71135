// node:http and node:https as an extension may have them: what its own router stands on, and a client over the capability `fetch`. Must never open a connection.
import { METHODS, STATUS_CODES } from '../http/constants.ts';
import { checkHeaderName, checkHeaderValue } from '../http/headers.ts';
import { IncomingMessage } from '../http/incoming-message.ts';
import { ServerResponse } from '../http/server-response.ts';
import { lazyClient } from '../lazy.ts';
import { makeRefusing, makeRefusingFunction } from './refusing.ts';

/** Libraries make one while they load; it holds nothing. */
class Agent {
  readonly options: object;
  readonly requests = {};
  readonly sockets = {};
  readonly freeSockets = {};
  maxSockets = Number.POSITIVE_INFINITY;
  constructor(options: object = {}) {
    this.options = options;
  }
  on(): this {
    return this;
  }
  destroy(): void {}
}

const makeHttp = (name: 'http' | 'https'): object =>
  makeRefusing(name, {
    METHODS,
    STATUS_CODES,
    IncomingMessage,
    ServerResponse,
    OutgoingMessage: ServerResponse,
    Agent,
    globalAgent: new Agent(),
    maxHeaderSize: 16_384,
    validateHeaderName: (header: string): void => void checkHeaderName(header),
    validateHeaderValue: checkHeaderValue,
    request: (...args: unknown[]) =>
      lazyClient()
        .makeClient(`${name}:`)
        .request(...args),
    get: (...args: unknown[]) =>
      lazyClient()
        .makeClient(`${name}:`)
        .get(...args),
    get ClientRequest() {
      return lazyClient().ClientRequest;
    },
    createServer: makeRefusingFunction(`${name}.createServer`),
  });

export const http = makeHttp('http');
export const https = makeHttp('https');
