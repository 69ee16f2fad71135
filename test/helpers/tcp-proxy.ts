// A TCP proxy that can be cut or halted: the network between a host and its database. Must never look at what it passes on.
import net from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Ends every connection, and refuses new ones until `restore`. */
  cut(): Promise<void>;
  /** Nothing passes any more, in either direction, and nobody is told. */
  halt(): void;
  /** New connections pass again; halted ones never do. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

export const openTcpProxy = async (targetPort: number): Promise<TcpProxy> => {
  const open = new Set<net.Socket>();
  let halted = false;

  const accept = (near: net.Socket): void => {
    open.add(near);
    near.on('close', () => open.delete(near));
    near.on('error', () => undefined);
    if (halted) {
      near.pause();
      return;
    }
    const far = net.connect(targetPort, '127.0.0.1');
    open.add(far);
    far.on('error', () => near.destroy());
    far.on('close', () => {
      open.delete(far);
      near.destroy();
    });
    near.on('close', () => far.destroy());
    near.pipe(far);
    far.pipe(near);
  };

  let server = net.createServer(accept);
  const listen = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port));
    });
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of open) socket.destroy();
    });
  const port = await listen(0);
  return {
    port,
    cut: stop,
    halt() {
      halted = true;
      for (const socket of open) {
        socket.unpipe();
        socket.pause();
      }
    },
    async restore() {
      halted = false;
      if (server.listening) return;
      server = net.createServer(accept);
      await listen(port);
    },
    close: stop,
  };
};
