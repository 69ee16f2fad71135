// Tables of two tenants, a grant with row rules, columns and forced values, and what each caller may see. Must never hold logic.
import type { Caller } from '../../src/bridge/capability.ts';
import type { DatabaseGrant } from '../../src/capabilities/database/contract.ts';
import { makeCaller } from './database-harness.ts';

const ofTenant = { tenant_id: { _eq: '$tenant' } } as const;

export const rowsGrant: DatabaseGrant = {
  tables: {
    notes: {
      rows: ofTenant,
      read: { columns: ['id', 'title', 'views'] },
      create: { columns: ['title', 'views'], defaults: { tenant_id: '$tenant', status: 'draft' } },
      update: { columns: ['title', 'views'] },
      delete: true,
    },
    mine: { rows: { owner_id: { _eq: '$accountability.user' } }, read: true, create: true, update: true, delete: true },
    published: { read: { rows: { status: { _eq: 'published' } } } },
    counts: { rows: { tenant_no: { _eq: '$tenant' } }, read: true },
    outbox: { create: { columns: ['body'], rows: ofTenant, defaults: { tenant_id: '$tenant' } } },
    jobs: { update: { columns: ['state'], rows: ofTenant }, delete: { rows: ofTenant } },
    plain: { read: { columns: ['id', 'label'] } },
    notes_view: { read: true },
  },
};

export const rowsSql = `
  create table notes (id serial primary key, tenant_id varchar(8) not null, title text, views int default 0 check (views is not null), status text default 'live', hidden text default 'canary', unique (title));
  create table mine (id serial primary key, owner_id text, body text);
  create table published (id int primary key, status text, body text);
  create table counts (id int primary key, tenant_no int, n int);
  create table outbox (id serial primary key, tenant_id text, body text);
  create table jobs (id int primary key, tenant_id text, state text, payload text default 'canary');
  create table plain (id int primary key, label text, hidden text default 'canary');
  create table secret (id int primary key, value text);
  create view notes_view with (security_invoker = true) as select id, title from notes;
  insert into notes (tenant_id, title, views) values ('a', 'a one', 1), ('a', 'a two', 2), ('b', 'canary one', 41), ('b', 'canary two', 42);
  insert into mine (owner_id, body) values ('ann', 'of ann'), ('bob', 'canary of bob'), (null, 'canary of nobody');
  insert into published values (1, 'published', 'open'), (2, 'draft', 'canary'), (3, null, 'canary');
  insert into counts values (1, 1, 10), (2, 2, 20);
  insert into outbox (tenant_id, body) values ('b', 'canary');
  insert into jobs (id, tenant_id, state) values (1, 'a', 'new'), (2, 'b', 'new');
  insert into plain (id, label) values (1, 'one'), (2, 'two');
  insert into secret values (1, 'canary');
`;

/** A caller of one tenant, as a host would make one. */
export const callerOf = (tenant: string, user: string | null = null): Caller => ({
  ...makeCaller(),
  tenant,
  accountability: user === null ? null : { user, role: null },
});
