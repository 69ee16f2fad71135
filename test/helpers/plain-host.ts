// The same extension in a plain Express host, as the measure of what it should answer. Must never run a hostile one: here nothing holds it.
import { createRequire } from 'node:module';
import type express from 'express';
import { type Client, makeClient, type Reply } from './client.ts';
import { http } from './node-http.ts';

export interface PlainHost extends Client {
  close(): void;
}

type Express = typeof express;

/** Express in either version; 4 comes without types of its own, and what both share is what is used. */
export const loadExpress = (major: 4 | 5): Express => createRequire(import.meta.url)(major === 4 ? 'express4' : 'express') as Express;

type Register = (router: unknown, context: object) => unknown;

/** Headers that each host makes in its own way, and that say nothing of the extension. */
const ownHeaders = new Set(['date', 'connection', 'keep-alive', 'x-powered-by', 'x-content-type-options', 'content-security-policy']);

/** `source` is an ES module without imports whose default export registers. */
export const openPlainHost = async (source: string, mount: string, major: 4 | 5): Promise<PlainHost> => {
  const { default: register } = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as { readonly default: Register };
  const make = loadExpress(major);
  const app = make();
  app.use(make.json({ limit: '1mb' }), make.urlencoded({ extended: true }));
  const router = make.Router();
  await register(router, {});
  app.use(mount, router);
  const server = http.createServer(app);
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
    });
  });
  const client = makeClient(port);
  return {
    ...client,
    close: () => {
      client.close();
      server.closeAllConnections();
      server.close();
    },
  };
};

/** What of an answer must be the same in both. Tags are made for what GET finds, and only there. */
export const comparable = ({ status, headers, text }: Reply, method = 'GET'): object => ({
  status,
  headers: Object.fromEntries(
    Object.entries(headers).filter(([name]) => !ownHeaders.has(name) && !(name === 'etag' && (method !== 'GET' || status !== 200))),
  ),
  text,
});
