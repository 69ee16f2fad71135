// From the option to the queue. Must never open a connection before there is something to run or to put.
import type { Client } from 'pg';
import { openDatabaseStore } from './database/database-store.ts';
import { MemoryStore } from './memory-store.ts';
import { JobQueue, type QueueEvents } from './queue.ts';

export type JobsSetting = 'memory' | 'database';

export interface JobsDatabase {
  readonly namespace: string;
  openAdmin(applicationName: string): Promise<Client>;
}

/** `null`: the operator said nothing, so it is the database where there is one. */
export const openJobs = (setting: JobsSetting | null, database: JobsDatabase | undefined, events: QueueEvents): JobQueue =>
  new JobQueue(database === undefined || setting === 'memory' ? new MemoryStore() : openDatabaseStore(database), events);
