// The other side of the differential tests: the same extension source in plain Express on node:http. Must listen on the loopback only.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, request, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Answer, RequestSpec } from './guest.ts';

const require = createRequire(import.meta.url);

type PlainApp = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;
type Express = () => PlainApp & { set(name: string, value: unknown): void };

export interface Plain {
  /** Runs the body of an async function (require, app, express). */
  run(source: string): Promise<unknown>;
  request(spec: RequestSpec): Promise<Answer>;
  close(): Promise<void>;
}

export const openPlain = async (version: 4 | 5): Promise<Plain> => {
  const express = require(version === 4 ? 'express4' : 'express') as Express;
  const app = express();
  app.set('env', 'production');
  // As the guest's are by the build: the host makes the tags.
  app.set('etag', false);
  const listener: RequestListener = (req, res) =>
    app(req, res, (error) => {
      res.statusCode = error ? 500 : 404;
      res.end(error ? describe(error) : '');
    });
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    run: (source) =>
      (new Function('require', 'app', 'express', `return (async () => { ${source} })()`) as (...args: unknown[]) => Promise<unknown>)(
        require,
        app,
        express,
      ),
    request: ({ method = 'GET', path, headers = {}, body }) =>
      new Promise((resolve, reject) => {
        const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
        const call = request(
          { host: '127.0.0.1', port, method, path, headers: { host: '127.0.0.1', ...length, ...headers }, agent: false },
          (res) => {
            const chunks: Buffer[] = [];
            res.on('data', (chunk: Buffer) => chunks.push(chunk));
            res.on('end', () =>
              resolve({
                status: res.statusCode ?? 0,
                headers: Object.fromEntries(Object.entries(res.headersDistinct).map(([name, values]) => [name, values ?? []])),
                body: Buffer.concat(chunks).toString('latin1'),
                form: 'whole',
              }),
            );
          },
        );
        call.on('error', reject);
        call.end(body);
      }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

export const describe = (error: unknown): string => {
  const { name, message, code } = error as { name?: string; message?: string; code?: string };
  return `${name} ${code ?? ''}: ${message}`;
};
