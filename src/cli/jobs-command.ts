// `cloister jobs list|retry|drop`: what waits, runs and is dead in the queue of all hosts. Must never run a job, nor show a tenant's text as it is.
import { parseArgs } from 'node:util';
import { openDatabaseResource } from '../capabilities/database/resource.ts';
import type { ConfigFile } from '../config/config-file.ts';
import { CloisterError } from '../errors.ts';
import { openDatabaseStore } from '../jobs/database/database-store.ts';
import type { JobStore, ListedJob } from '../jobs/job.ts';
import { openNatsStore } from '../jobs/nats/nats-store.ts';
import { checkNats } from '../jobs/nats/packages.ts';
import { parseNats } from '../jobs/nats/settings.ts';
import { makeAsciiJson } from '../ledger/line.ts';
import type { CloisterOptions } from '../options.ts';
import { readConfig, readJobs, readVariable } from './serve-options.ts';

const usage = 'usage: cloister jobs [list|retry ID|drop ID]; `cloister --help` lists what it takes';
const listed = 100;
const failed = 1;

const refuse = (message: string): CloisterError => new CloisterError('ERR_OPTIONS_INVALID', message);
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
/** Names come from manifests, reasons from anywhere: none may move a cursor. */
const plain = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '?');

const line = ({ id, kind, tenant, extension, what, state, attempts, since, reason }: ListedJob): string =>
  plain(
    `  ${state.padEnd(8)} ${id}  ${kind} ${what} for ${extension} in ${tenant}, since ${since}, ${String(attempts)} attempt${attempts === 1 ? '' : 's'}${reason === '' ? '' : `: ${reason}`}`,
  );

const list = async (store: JobStore, json: boolean): Promise<number> => {
  const stats = await store.stats();
  const jobs = await store.list(listed);
  if (json) say(makeAsciiJson({ ...stats, jobs }));
  else {
    const { queued, running, retried, dead, lagMs } = stats;
    say(
      `${String(queued)} wait, ${String(running)} run, ${String(retried)} of them not for the first time, ${String(dead)} are dead; the longest has waited ${String(Math.round(lagMs / 1_000))} s`,
    );
    for (const job of jobs) say(line(job));
    if (queued + running + dead > jobs.length) say(`  … and ${String(queued + running + dead - jobs.length)} more`);
  }
  return 0;
};

const change = async (store: JobStore, name: 'retry' | 'drop', id: string, json: boolean): Promise<number> => {
  const done = await store[name](id);
  if (json) say(makeAsciiJson({ id, [name]: done }));
  else if (done) say(plain(name === 'retry' ? `${id} will be run again` : `${id} will not be run`));
  else
    process.stderr.write(
      `cloister: ${plain(id)}: ${name === 'retry' ? 'there is no dead job of this id' : 'there is none of this id that waits or is dead'}\n`,
    );
  return done ? 0 : failed;
};

interface Opened {
  readonly store: JobStore;
  close(): Promise<void>;
}

const openStore = async (config: ConfigFile, databaseUrl: string | null): Promise<Opened> => {
  const jobs = readJobs(config);
  if (typeof jobs === 'object' && databaseUrl === null) {
    const settings = parseNats(jobs.nats);
    await checkNats(settings);
    const store = openNatsStore(settings);
    return { store, close: () => store.close() };
  }
  const url = databaseUrl ?? config.databaseUrl ?? readVariable('databaseUrlKey', config.databaseUrlKey);
  if (url === null)
    throw refuse(
      'jobs: name the database by --database-url URL, or by databaseUrl or databaseUrlKey in --config FILE; NATS by jobs.nats or natsUrlKey in it',
    );
  const { databaseRoles } = config.options as CloisterOptions;
  const database = await openDatabaseResource(url, databaseRoles?.namespace === undefined ? {} : { namespace: databaseRoles.namespace });
  const store = openDatabaseStore(database);
  const close = async (): Promise<void> => {
    await store.close();
    await database.close();
  };
  return { store, close };
};

export const jobs = async (args: readonly string[]): Promise<number> => {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { config: text, 'database-url': text, json: { type: 'boolean', default: false } },
  });
  const [name = 'list', id] = positionals;
  if (name !== 'list' && name !== 'retry' && name !== 'drop') throw refuse(usage);
  if ((name === 'list') !== (id === undefined)) throw refuse(usage);
  const config = await readConfig(values.config);
  const { store, close } = await openStore(config, values['database-url'] ?? null);
  try {
    return id === undefined || name === 'list' ? await list(store, values.json) : await change(store, name, id, values.json);
  } finally {
    await close();
  }
};
