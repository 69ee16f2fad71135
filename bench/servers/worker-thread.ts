// The thread of peer `worker`: runs the Express app on requests that came as messages. Must never open a socket of its own but Postgres's.
import { IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { makeApp, openDatabase } from './app.ts';
import { type HopRequest, type HopResponse, makeOutbox } from './hop.ts';

const handle: RequestListener = makeApp(openDatabase(String(workerData)));
const send = makeOutbox<HopResponse>((batch) => parentPort?.postMessage(batch));
// Express asks the socket for an address and whether it is encrypted; nothing is ever read from or written to it.
const socket = new Socket();

/** Node's own request object, fed from a message. */
const makeRequest = ({ method, url, headers, body }: HopRequest): IncomingMessage => {
  const request = new IncomingMessage(socket);
  Object.assign(request, { method, url, headers });
  if (body.length > 0) request.push(body);
  request.push(null);
  return request;
};

/** Node's own response object, whose end goes into a message. An own property: Express changes the prototype. */
const makeResponse = (request: IncomingMessage, id: number): ServerResponse => {
  const response = new ServerResponse(request);
  const end = (chunk?: string | Uint8Array): ServerResponse => {
    send({ id, status: response.statusCode, headers: { ...response.getHeaders() }, body: chunk ?? '' });
    response.emit('finish');
    return response;
  };
  return Object.assign(response, { end });
};

parentPort?.on('message', (batch: readonly HopRequest[]) => {
  for (const message of batch) {
    const request = makeRequest(message);
    handle(request, makeResponse(request, message.id));
  }
});
