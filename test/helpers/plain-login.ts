// A database with two tenants' rows, and a login that may create nothing and owns nothing, as a careful DBA gives one to an application. Must never leave a role behind.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { CloisterOptions } from '../../src/options.ts';
import { openTemporaryFolder } from '../packages/package-writer.ts';
import { openTestDatabase } from './postgres.ts';
import { extension } from './runtime.ts';

export interface PlainLogin {
  /** Its name on the server. */
  readonly name: string;
  /** Options of a host that connects as it. */
  readonly options: CloisterOptions & { readonly database: string };
  /** The superuser's URL: a DBA's. */
  readonly adminUrl: string;
  readonly admin: pg.Client;
  /** Runs a text as the DBA would with psql. */
  run(sql: string): Promise<void>;
  close(): Promise<void>;
}

const sql = `
  create table notes (id serial primary key, tenant_id text not null, title text, hidden text default 'canary');
  create table plain (id int primary key, label text);
  create table secret (id int primary key, value text);
  insert into notes (tenant_id, title) values ('a', 'a one'), ('a', 'a two'), ('b', 'canary b');
  insert into plain values (1, 'one'); insert into secret values (1, 'canary');`;

const ofTenant = { tenant_id: { _eq: '$tenant' } };

const notesSource = `
export default (router, { database }) => {
  router.get('/', async (req, res) => res.json(await database('notes').orderBy('id').pluck('title')));
  router.post('/', async (req, res) => res.json(await database('notes').insert({ title: 'new' }).returning('id')));
  router.get('/secret', async (req, res) => res.json(await database('secret').select('*')));
};`;

const notesExtension = extension(notesSource, {
  capabilities: {
    database: {
      tables: {
        notes: { rows: ofTenant, read: { columns: ['id', 'title'] }, create: { columns: ['title'], defaults: { tenant_id: '$tenant' } } },
      },
    },
  },
});

const plainExtension = extension(
  `export default (router, { database }) => { router.get('/', async (req, res) => res.json(await database('plain').pluck('label'))); };`,
  {
    capabilities: { database: { tables: { plain: { read: true } } } },
  },
);

export const openPlainLogin = async (): Promise<PlainLogin> => {
  const database = await openTestDatabase(sql);
  const folder = await openTemporaryFolder();
  for (const [name, files] of Object.entries({ notes: notesExtension, plain: plainExtension }))
    for (const [file, content] of Object.entries(files)) await folder.write({ [`${name}/${file}`]: content });
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  const name = `app_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(16).toString('hex');
  await admin.query(`create role ${name} login nosuperuser nocreaterole nocreatedb password '${password}'`);
  const url = new URL(database.url);
  url.username = name;
  url.password = password;
  return {
    name,
    options: { database: url.href, extensions: [folder.root], approvals: 'requested' },
    adminUrl: database.url,
    admin,
    run: async (text) => {
      await admin.query(text);
    },
    async close() {
      await admin.query(`drop owned by ${name}; drop role ${name}`);
      await admin.end();
      await folder.remove();
      await database.close();
    },
  };
};
