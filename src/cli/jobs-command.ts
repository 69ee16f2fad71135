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

const usage = 'usage: cloister jobs [list|retry ID|retry --all|drop ID|drop --all --yes]; `cloister --help` lists what it takes';
const listed = 100;
/** Of all the dead, so many in one go. */
const mostAtOnce = 10_000;
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

/** Of the dead alone: what waits is dropped one by one. */
const changeAll = async (store: JobStore, name: 'retry' | 'drop', isMeant: boolean, json: boolean): Promise<number> => {
  const { dead } = await store.stats();
  if (!isMeant)
    throw refuse(
      `jobs drop --all: takes ${String(dead)} dead jobs away for good; say --yes where that is meant, and see them with \`cloister jobs\` first`,
    );
  let changed = 0;
  for (const { id, state } of await store.list(mostAtOnce)) if (state === 'dead' && (await store[name](id))) changed += 1;
  const left = Math.max(0, dead - changed);
  if (json) say(makeAsciiJson({ [name]: changed, left }));
  else
    say(
      `${String(changed)} ${name === 'retry' ? 'will be run again' : 'will not be run'}${left === 0 ? '' : `; ${String(left)} more are dead, do it again`}`,
    );
  return 0;
};

export const jobs = async (args: readonly string[]): Promise<number> => {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { config: text, 'database-url': text, json: flag, all: flag, yes: flag },
  });
  const [name = 'list', id] = positionals;
  if (name !== 'list' && name !== 'retry' && name !== 'drop') throw refuse(usage);
  const { all, yes, json } = values;
  if (all ? name === 'list' || id !== undefined : (name === 'list') !== (id === undefined)) throw refuse(usage);
  if (yes && !(all && name === 'drop')) throw refuse(usage);
  const config = await readConfig(values.config);
  const { store, close } = await openStore(config, values['database-url'] ?? null);
  try {
    if (name === 'list') return await list(store, json);
    return id === undefined ? await changeAll(store, name, name === 'retry' || yes, json) : await change(store, name, id, json);
  } finally {
    await close();
  }
};
