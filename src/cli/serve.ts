// `cloister serve`: the runtime on a port until it is told to stop. Must hold no option of its own.
import { pino } from 'pino';
import { createRuntime } from '../runtime.ts';
import { parseServeOptions } from './serve-options.ts';
import { checkPort, describe, openServer, untilStopped } from './server.ts';

export const serve = async (args: readonly string[]): Promise<number> => {
  const { host, port, stop, runtime: options } = await parseServeOptions(args);
  const stopped = untilStopped();
  // A port in use is said before the ledger is opened.
  await checkPort(host, port);
  const runtime = await createRuntime({ logger: pino({ name: 'cloister' }, pino.destination(2)), ...options });
  try {
    const server = await openServer(runtime, host, port, stop);
    process.stdout.write(`${describe(runtime, server.url)}\n`);
    await stopped;
    await server.close();
    return 0;
  } finally {
    await runtime.close();
  }
};
