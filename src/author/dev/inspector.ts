// Chrome's debugger protocol over WebSocket, for the cells of a `dev` host. Must never listen beyond this machine, nor answer a page that some other site opened.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Inspectable, Inspection } from '../../dispatch/inspection.ts';
import { CloisterError } from '../../errors.ts';

export interface Inspector {
  /** What a browser or an editor is pointed at. */
  readonly url: string;
  close(): Promise<void>;
}

const host = '127.0.0.1';
/** A heap snapshot's chunks are the largest there is. */
const maxMessageBytes = 67_108_864;
/** Names that cannot be somebody else's site resolved to this machine. */
const ownHosts = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/;
const debuggers = /^(?:devtools|chrome-extension|vscode-webview):\/\//;

const isOwn = ({ headers }: IncomingMessage): boolean =>
  ownHosts.test(headers.host ?? '') && (headers.origin === undefined || debuggers.test(headers.origin));

/** One debugger, one cell: what the one says goes to the other until either is gone. */
const join = (socket: WebSocket, inspection: Inspection, id: number): void => {
  const session = inspection.open(
    id,
    (message) => socket.send(message),
    () => socket.close(1001, 'its cell has ended'),
  );
  if (session === null) return socket.close(1013, 'somebody debugs it already, or it has ended');
  socket.on('message', (data) => session.send(data.toString()));
  socket.on('error', () => socket.terminate());
  socket.on('close', () => session.close());
};

export const openInspector = async (inspection: Inspection, port: number): Promise<Inspector> => {
  // Whoever cannot read the list cannot guess a target.
  const token = randomUUID();
  const idOf = (cell: number): string => `${token}-${cell}`;
  let address = '';

  const describe = ({ id, extension, tenant }: Inspectable): object => ({
    id: idOf(id),
    type: 'node',
    title: `${extension} (tenant ${tenant}, cell ${id})`,
    description: 'an extension in a cell of Cloister',
    url: '/extension/index.js',
    webSocketDebuggerUrl: `ws://${address}/${idOf(id)}`,
    devtoolsFrontendUrl: `devtools://devtools/bundled/js_app.html?experiments=true&v8only=true&ws=${address}/${idOf(id)}`,
  });

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const say = (status: number, body: unknown): void => {
      response
        .writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
        .end(JSON.stringify(body));
    };
    if (!isOwn(request)) return say(403, { error: 'only this machine may ask' });
    if (request.url === '/json/version') return say(200, { Browser: 'Cloister', 'Protocol-Version': '1.3' });
    if (request.url === '/json' || request.url === '/json/list') return say(200, inspection.targets().map(describe));
    say(404, { error: 'there is /json/list and /json/version' });
  };

  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes });
  const server = createServer(answer);
  server.on('upgrade', (request, socket, head) => {
    // Node has taken its own listener off.
    socket.on('error', () => socket.destroy());
    const cell = inspection.targets().find(({ id }) => request.url === `/${idOf(id)}`);
    if (!isOwn(request) || cell === undefined) return void socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
    sockets.handleUpgrade(request, socket, head, (opened) => join(opened, inspection, cell.id));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new CloisterError(
          'ERR_OPTIONS_INVALID',
          error.code === 'EADDRINUSE' ? `--inspect: port ${port} is in use; give --inspect-port` : `--inspect: ${error.message}`,
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
  address = `${host}:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${address}/json/list`,
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};
