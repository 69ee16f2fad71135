// How a server program of the bench tells its port and ends. Must never outlive the bench.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Tells the parent the port; ends with the parent, after `close`. */
export const announce = (server: Server, close: () => Promise<void> | void = () => undefined): void => {
  process.once('disconnect', () => Promise.resolve(close()).finally(() => process.exit()));
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
};
