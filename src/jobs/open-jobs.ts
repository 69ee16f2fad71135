// From the option to the queue. Must never open a connection before there is something to run or to put.
import type { Client } from 'pg';
import { openDatabaseStore } from './database/database-store.ts';
import { MemoryStore } from './memory-store.ts';
import { openNatsStore } from './nats/nats-store.ts';
import { checkNats } from './nats/packages.ts';
import type { NatsSettings } from './nats/settings.ts';
import { JobQueue, type QueueEvents } from './queue.ts';

export type JobsSetting = 'memory' | 'database' | { readonly nats: NatsSettings };

export interface JobsDatabase {
  readonly namespace: string;
  openAdmin(applicationName: string): Promise<Client>;
}

/** What can be seen to be wrong before anything runs: throws ERR_OPTIONS_INVALID. */
export const checkJobs = async (setting: JobsSetting | null): Promise<void> => {
  if (typeof setting === 'object' && setting !== null) await checkNats(setting.nats);
};

/** `null`: the operator said nothing, so it is the database where there is one. */
export const openJobs = (setting: JobsSetting | null, database: JobsDatabase | undefined, events: QueueEvents): JobQueue => {
  if (typeof setting === 'object' && setting !== null) return new JobQueue(openNatsStore(setting.nats), events);
  return new JobQueue(database === undefined || setting === 'memory' ? new MemoryStore() : openDatabaseStore(database), events);
};
