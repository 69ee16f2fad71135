// Peer `worker`: node:http here, Express in a worker thread. A thread is no capability boundary; the peer shows what its hop costs.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Worker } from 'node:worker_threads';
import { announce } from './announce.ts';
import { type HopRequest, type HopResponse, makeOutbox } from './hop.ts';

const [databaseUrl = ''] = process.argv.slice(2);
const worker = new Worker(new URL('./worker-thread.ts', import.meta.url), { workerData: databaseUrl });
const send = makeOutbox<HopRequest>((batch) => worker.postMessage(batch));
const waiting = new Map<number, ServerResponse>();
let lastId = 0;

worker.on('message', (batch: readonly HopResponse[]) => {
  for (const { id, status, headers, body } of batch) {
    waiting
      .get(id)
      ?.writeHead(status, headers as Record<string, string>)
      .end(body);
    waiting.delete(id);
  }
});

const forward = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
  lastId += 1;
  waiting.set(lastId, response);
  send({ id: lastId, method: request.method ?? 'GET', url: request.url ?? '/', headers: request.headers, body });
};

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => forward(request, response, Buffer.concat(chunks)));
});
announce(server);
