// Stands in for Knex's migrations and seeds, which are files on a disk the guest does not have. Must never look for one.
import { noFileSystem } from '../http/node-error.ts';

export class Migrator {
  constructor() {
    throw noFileSystem('knex.migrate');
  }
}

export class Seeder {
  constructor() {
    throw noFileSystem('knex.seed');
  }
}
