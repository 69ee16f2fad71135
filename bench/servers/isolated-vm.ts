// Peer `isolated-vm`: what one writes first with that package: an isolate in the server's own process and one async apply per request. No limit of it holds against a hostile guest.
import { createServer } from 'node:http';
import express from 'express';
import ivm from 'isolated-vm';
import { helloText } from '../scenarios.ts';
import { announce } from './announce.ts';
import { openDatabase } from './app.ts';

const [databaseUrl = ''] = process.argv.slice(2);
const database = openDatabase(databaseUrl);

const guestSource = `
  const routes = new Map([
    ['hello', () => ({ type: 'text/html', body: '${helloText}' })],
    ['echo', ({ name, body }) => ({ type: 'application/json', body: JSON.stringify({ name, body }) })],
    ['database', async () => ({
      type: 'application/json',
      body: await query.apply(undefined, ['bench_articles', 10], { arguments: { copy: true }, result: { promise: true, copy: true } }),
    })],
  ]);
  async (text) => {
    const request = JSON.parse(text);
    return JSON.stringify(await routes.get(request.route)(request));
  };
`;

const query = async (table: string, limit: number): Promise<string> => {
  const rows = await database(table)
    .select('id', 'title', 'status', 'summary', 'views', 'published_at')
    .where({ status: 'published' })
    .orderBy('id')
    .limit(limit);
  return JSON.stringify(rows);
};

const isolate = new ivm.Isolate({ memoryLimit: 64 });
const context = await isolate.createContext();
await context.global.set('query', new ivm.Reference(query));
const handle = (await context.eval(guestSource, { reference: true })) as ivm.Reference<(text: string) => Promise<string>>;

const app = express();
app.use(express.json());
app.all('/bench/:route{/:name}', async (request, response) => {
  const { route, name } = request.params;
  const text = JSON.stringify({ route, name, method: request.method, headers: request.headers, body: request.body });
  const answer = (await handle.apply(undefined, [text], {
    arguments: { copy: true },
    result: { promise: true, copy: true },
    timeout: 1_000,
  })) as string;
  const { type, body } = JSON.parse(answer) as { readonly type: string; readonly body: string };
  response.type(type).send(body);
});
announce(createServer(app));
