// One connection of undici's that ends where a head does not: undici counts headers, but neither a status line nor what is not yet a header. Must never count a body.
import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import { fetchBounds } from './bounds.ts';
import { EgressError } from './egress-error.ts';

/** Each answer before the one has a head of its own. What follows a head may come in one read with it. */
const mostHeadBytes = fetchBounds.responseHeaderBytes.value * (fetchBounds.interimResponses.value + 2);

export class WatchedClient extends Client {
  readonly #head: { socket: Socket | null; from: number | null };

  constructor(origin: string | URL, options: Client.Options) {
    const head: { socket: Socket | null; from: number | null } = { socket: null, from: null };
    // A pool has made one of what it was told.
    const connect = options.connect as buildConnector.connector;
    super(origin, {
      ...options,
      pipelining: 1,
      connect: (to, callback) =>
        connect(to, (error, socket) => {
          if (error !== null) return callback(error, null);
          head.socket = socket;
          // Before undici's own: it would read what is there to its end.
          socket.on('readable', () => {
            if (head.socket === socket && head.from !== null && socket.bytesRead - head.from > mostHeadBytes)
              socket.destroy(new EgressError('failed', 'the head of the response does not end'));
          });
          callback(null, socket);
        }),
    });
    this.#head = head;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const head = this.#head;
    return super.dispatch(options, {
      onRequestStart(controller, context) {
        head.from = head.socket?.bytesRead ?? 0;
        handler.onRequestStart?.(controller, context);
      },
      onRequestUpgrade: (controller, status, headers, socket) => handler.onRequestUpgrade?.(controller, status, headers, socket),
      onResponseStart(controller, status, headers, message) {
        if (status >= 200) head.from = null;
        return handler.onResponseStart?.(controller, status, headers, message);
      },
      onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
      onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
      onResponseError(controller, error) {
        head.from = null;
        handler.onResponseError?.(controller, error);
      },
      onResponseStarted: () => handler.onResponseStarted?.(),
      onBodySent: (chunk) => handler.onBodySent?.(chunk),
      onRequestSent: () => handler.onRequestSent?.(),
    });
  }
}
