// Asks the server to cancel what a backend runs, by PostgreSQL's cancel request. Must never wait for long, nor throw: the connection is given up anyway.
import { createConnection } from 'node:net';
import type { Client } from 'pg';
import type { DatabaseAddress } from '../resource.ts';

const cancelCode = 80_877_102;
const requestBytes = 16;
const waitMs = 2_000;

/** The backend's process number and secret, which the driver keeps but does not declare. */
const readKey = (client: Client): { readonly processId: number; readonly secret: number } | undefined => {
  const processId: unknown = Reflect.get(client, 'processID');
  const secret: unknown = Reflect.get(client, 'secretKey');
  return typeof processId === 'number' && typeof secret === 'number' ? { processId, secret } : undefined;
};

/** Resolves when the server has taken the request or nothing more is to be expected. The request carries no data, so it goes in the clear even where TLS is used. */
export const cancelBackend = async (client: Client, address: DatabaseAddress): Promise<void> => {
  const key = readKey(client);
  if (key === undefined) return;
  const request = Buffer.alloc(requestBytes);
  request.writeInt32BE(requestBytes, 0);
  request.writeInt32BE(cancelCode, 4);
  request.writeInt32BE(key.processId, 8);
  request.writeInt32BE(key.secret, 12);
  await new Promise<void>((resolve) => {
    const socket = address.host.startsWith('/')
      ? createConnection(`${address.host}/.s.PGSQL.${String(address.port)}`)
      : createConnection(address.port, address.host);
    socket.setTimeout(waitMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve());
    socket.on('connect', () => socket.end(request));
    socket.resume();
  });
};
