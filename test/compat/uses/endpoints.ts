// The Directus packages with an endpoint or hook that npm serves, what each is granted, and what it is asked. Data only.
export interface EndpointRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly status: number;
  /** A part of the answer. */
  readonly has?: string;
}

export interface EndpointPackage {
  readonly name: string;
  readonly version: string;
  readonly kind: 'endpoint' | 'bundle' | 'hook';
  readonly id: string;
  /** Where its routes are. */
  readonly mount: string;
  /** The word ORIGIN stands for the local upstream, here and in requests. */
  readonly capabilities: object;
  /** SQL that makes what it expects of a Directus database. */
  readonly tables: string;
  readonly requests: readonly EndpointRequest[];
  /** In words, where it cannot do all it does in Directus. */
  readonly why: string;
}

const syncTable = `create table directus_sync_id_map (id serial primary key, "table" varchar(255) not null, sync_id varchar(255) not null, local_id varchar(255) not null, created_at timestamptz default current_timestamp, unique ("table", sync_id), unique ("table", local_id));`;
const flowTables = `create table directus_flows (id text primary key, name text, flow_manager_order integer, flow_manager_success_counter integer, flow_manager_error_counter integer); insert into directus_flows values ('f1', 'One', 1, 2, 3);
create table directus_activity (id serial primary key, item text, action text, collection text, "timestamp" timestamptz);`;
const all = { read: true, create: true, update: true, delete: true };

export const endpointPackages: readonly EndpointPackage[] = [
  {
    name: 'directus-extension-sync',
    version: '3.0.6',
    kind: 'endpoint',
    id: 'directus-extension-sync',
    mount: '/directus-extension-sync',
    capabilities: { database: { tables: { directus_sync_id_map: all } } },
    tables: syncTable,
    requests: [
      { method: 'GET', path: '/table/articles', status: 200, has: '[]' },
      { method: 'POST', path: '/table/articles', body: { local_id: 7, sync_id: 's7' }, status: 200, has: '"sync_id":"s7"' },
      { method: 'GET', path: '/table/articles/sync_id/s7', status: 200, has: '"local_id":"7"' },
      { method: 'GET', path: '/table/articles/local_id/7', status: 200, has: '"sync_id":"s7"' },
      { method: 'POST', path: '/table/articles', body: { local_id: 7 }, status: 409, has: 'already exists' },
      { method: 'POST', path: '/table/articles', body: {}, status: 500, has: 'local_id' },
      { method: 'DELETE', path: '/table/articles/local_id/7', status: 204 },
      { method: 'GET', path: '/table/articles/sync_id/s7', status: 404, has: 'No id map found' },
    ],
    why: '',
  },
  {
    name: 'directus-extension-flow-manager',
    version: '1.5.3',
    kind: 'bundle',
    id: 'directus-extension-flow-manager',
    mount: '/flow-manager-endpoint',
    capabilities: {
      emitter: { listen: ['flows.*', 'flows.*.*', '*', '*.*'] },
      schema: {},
      fetch: { origins: { ORIGIN: true } },
      database: { tables: { directus_flows: all, directus_activity: { read: true } } },
    },
    tables: flowTables,
    requests: [
      { method: 'POST', path: '/flow-manager/process', body: { url: 'ORIGIN/json', method: 'GET' }, status: 200, has: '"ok":true' },
      {
        method: 'POST',
        path: '/flow-manager/process',
        body: { url: 'ORIGIN/status?code=418', method: 'GET' },
        status: 500,
        has: 'as asked',
      },
      { method: 'POST', path: '/flow-manager/sync-counters', body: {}, status: 200, has: '"f1"' },
      { method: 'GET', path: '/flow-manager/dashboard/f1', status: 200, has: '"successCount":2' },
      { method: 'GET', path: '/flow-manager/dashboard/none', status: 404, has: 'Flow not found' },
    ],
    why: '',
  },
  {
    name: 'directus-extension-api-docs',
    version: '3.0.2',
    kind: 'endpoint',
    id: 'api-docs',
    mount: '/api-docs',
    capabilities: { schema: {} },
    tables: '',
    requests: [
      { method: 'GET', path: '/', status: 200, has: 'swagger' },
      { method: 'GET', path: '/oas', status: 200, has: 'openapi' },
    ],
    why: '`/oas` asks `SpecificationService.oas`, a service inside a service, which no service definition describes',
  },
  {
    name: 'directus-extension-models',
    version: '2.5.2',
    kind: 'hook',
    id: 'directus-extension-models',
    mount: '/directus-extension-models',
    capabilities: { schema: {}, emitter: { listen: ['*', '*.*'] } },
    tables: '',
    requests: [],
    why: 'a command for the command line of Directus: it has no routes',
  },
  {
    name: 'directus-extension-schema-sync',
    version: '4.0.0',
    kind: 'hook',
    id: 'directus-extension-schema-sync',
    mount: '/directus-extension-schema-sync',
    capabilities: { schema: {} },
    tables: '',
    requests: [],
    why: 'it imports `@directus/api/bus/index`, inside of Directus itself',
  },
];
