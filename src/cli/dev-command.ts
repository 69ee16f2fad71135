// `cloister dev`: a folder of sources served while its author works on it. Must never be what serves others: it approves whatever is asked.
import { parseArgs } from 'node:util';
import { openDev } from '../author/dev/open-dev.ts';
import { folderOf } from './author-commands.ts';
import { parsePort, readRuntimeOptions } from './serve-options.ts';
import { checkPort, describe, openServer, untilStopped } from './server.ts';

const defaultHost = '127.0.0.1';
const defaultPort = 8055;
const defaultInspectPort = 9229;

export const dev = async (args: readonly string[]): Promise<number> => {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      config: text,
      'database-url': text,
      port: text,
      host: text,
      inspect: { type: 'boolean', default: false },
      'inspect-port': text,
    },
  });
  const folder = await folderOf('dev', positionals);
  const { config, runtime: options } = await readRuntimeOptions('dev', values, [folder]);
  const host = values.host ?? config.server.host ?? defaultHost;
  const port = parsePort(values.port) ?? config.server.port ?? defaultPort;
  const inspectPort = values.inspect ? (parsePort(values['inspect-port']) ?? defaultInspectPort) : null;
  const stopped = untilStopped();
  await checkPort(host, port);
  const say = (line: string): boolean => process.stdout.write(`${line}\n`);
  const { approvals = 'requested' } = options;
  // Who works on it approves it; a lock is for those who run it.
  const opened = await openDev({ folder, runtime: { ...options, approvals, lock: null }, say, inspectPort });
  try {
    const server = await openServer(opened.runtime, host, port);
    say(`${describe(opened.runtime, server.url)}\n  what you save is taken up; Ctrl-C ends it`);
    if (opened.inspectUrl !== null) say(`  a debugger finds the cells at ${opened.inspectUrl} (Chrome: chrome://inspect, Configure)`);
    await stopped;
    await server.close();
    return 0;
  } finally {
    await opened.close();
  }
};
