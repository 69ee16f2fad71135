// Opens the store that the option `registry` names. Must never make anything: who deploys first does.
import type { Client } from 'pg';
import { CloisterError } from '../errors.ts';
import { openFileStore } from './file-store.ts';
import type { RegistryStore } from './state.ts';
import { openTableStore } from './table-store.ts';

export interface StorePlace {
  /** Absolute; null: tables of the option database. */
  readonly folder: string | null;
}

/** Where the tables are; `namespace` keeps apart several applications in one database. */
export interface StoreDatabase {
  readonly namespace: string;
  openAdmin(applicationName: string): Promise<Client>;
}

export const openRegistryStore = ({ folder }: StorePlace, database: StoreDatabase | undefined): RegistryStore => {
  if (folder !== null) return openFileStore(folder);
  if (database !== undefined) return openTableStore(() => database.openAdmin('cloister:registry'), database.namespace);
  throw new CloisterError('ERR_OPTIONS_INVALID', 'registry: is to be in tables, and there is no database; give one, or name a folder');
};
