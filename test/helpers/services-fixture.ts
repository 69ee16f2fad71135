// A host with services of every kind, and an extension that runs what a test sends it. Must never be more than services an embedder might write.

import type { ServiceCaller } from '../../src/capabilities/services/definition.ts';
import { defineService } from '../../src/capabilities/services/definition.ts';
import { extension } from './runtime.ts';

/** Runs the body it is sent inside the extension and answers with what came of it. */
export const runner = `export default (router, { services, database, getSchema }) => {
  const show = (error) => ({ isError: error instanceof Error, name: error?.name, code: error?.code, status: error?.status, message: error?.message, extensions: error?.extensions, own: Object.keys(Object(error)).sort() });
  // The name is for the ledger alone: a request is found on it by its path.
  router.post(['/', '/as/:name'], async (req, res) => {
    const run = new Function('services', 'database', 'getSchema', 'req', 'return (async () => {' + req.body.code + '})()');
    try { res.json({ got: (await run(services, database, getSchema, req)) ?? null }); } catch (error) { res.json({ error: show(error) }); }
  });
  router.post('/next', async (req, res, next) => {
    try { await new Function('services', 'return ' + req.body.code)(services); } catch (error) { next(error); }
  });
  router.post('/loose', async (req, res) => { await new Function('services', 'return ' + req.body.code)(services); });
};`;

export const runnerWith = (capabilities: object, limits: object = {}): ReturnType<typeof extension> =>
  extension(runner, { capabilities, limits: { cpuMs: 5_000, wallMs: 30_000, ...limits }, express: 4 });

class DirectusError extends Error {
  override name = 'DirectusError';
  code = 'ITEM_LOCKED';
  status = 423;
  extensions = { item: 7, when: new Date(0) };
}

const anything = true;
const itemsMethod = (required: number, effect: boolean) => ({ args: [anything, anything, anything], required, effect });

/** In Directus's form. It answers with what it was made with. */
class ItemsService {
  readonly collection: string;
  readonly options: Readonly<Record<string, unknown>>;
  secret = 'canary-member';
  constructor(collection: string, options: Readonly<Record<string, unknown>>) {
    this.collection = collection;
    this.options = options;
  }
  readByQuery(...args: readonly unknown[]): object {
    const { accountability, schema, knex, query, emitEvents } = this.options;
    const { caller } = this.options as { readonly caller: ServiceCaller };
    return {
      collection: this.collection,
      accountability,
      schema,
      knex: knex ?? null,
      joined: query !== undefined,
      emitEvents: emitEvents ?? null,
      args,
      missing: args.map((arg) => arg === undefined),
      caller: [caller.extension, caller.tenant, caller.collection],
    };
  }
  createOne(data: object): object {
    return { created: data };
  }
  unlisted(): string {
    return 'canary-unlisted';
  }
}

const circle: unknown[] = [];
circle.push(circle);

const answers: Readonly<Record<string, () => unknown>> = {
  date: () => ({ at: new Date(0), list: [new Date(1)] }),
  values: () => ({ big: 12n, none: undefined, nan: Number.NaN, nul: null, yes: true, text: 'ä"\u2028' }),
  nothing: () => undefined,
  circle: () => circle,
  function: () => ({ inner: { run: () => 1 } }),
  bareFunction: () => () => 1,
  stream: () => ({ file: { pipe: () => undefined } }),
  bytes: () => Buffer.from('abc'),
  map: () => new Map([[1, 2]]),
  promise: () => ({ later: Promise.resolve(1) }),
  getter: () => ({
    get boom(): never {
      throw new Error('canary at /host/getter.ts');
    },
  }),
  directus: () => {
    throw new DirectusError('It is locked.');
  },
  directusList: () => {
    throw [new DirectusError('first'), new DirectusError('second')];
  },
  error: () => {
    throw new Error('canary at /host/path.ts:5');
  },
  codedError: () => {
    throw Object.assign(new Error('canary at /host/path.ts:5'), { code: 'ECONNREFUSED', status: 400, address: '10.0.0.1' });
  },
  text: () => Promise.reject('canary'),
  nothingThrown: () => Promise.reject(undefined),
  hostile: () => {
    throw new Proxy(
      {},
      {
        get: () => {
          throw new Error('canary');
        },
        getPrototypeOf: () => {
          throw new Error('canary');
        },
      },
    );
  },
  never: () => new Promise(() => undefined),
};

export const sent: unknown[] = [];

export const services = {
  ItemsService: defineService({
    kind: 'class',
    service: ItemsService,
    collection: true,
    schema: () => ({ collections: { host: {} }, relations: [] }),
    knex: "the embedder's own",
    methods: { readByQuery: itemsMethod(0, false), createOne: itemsMethod(1, true) },
  }),
  JoiningService: defineService({
    kind: 'class',
    service: class {
      readonly options: { readonly caller: ServiceCaller; readonly knex?: unknown };
      constructor(options: { readonly caller: ServiceCaller; readonly knex?: unknown }) {
        this.options = options;
      }
      async add(title: string, sql = 'insert into notes (title) values ($1) returning *'): Promise<unknown> {
        const { query } = this.options.caller;
        if (query === undefined) return { joined: false, knex: this.options.knex ?? null };
        const [first, second] = await Promise.all([query(sql, [title]), query('select count(*)::int as n, now() as at from notes')]);
        return { joined: true, knex: this.options.knex ?? null, rows: first.rows, n: second.rows[0]?.['n'], at: second.rows[0]?.['at'] };
      }
    },
    joins: true,
    knex: "the embedder's own",
    methods: { add: { args: [{ type: 'string' }, { type: 'string' }], required: 1, effect: true } },
  }),
  MailService: defineService({
    kind: 'object',
    service: {
      prefix: 'to ',
      send(mail: { readonly to: string }): string {
        sent.push(mail);
        return this.prefix + mail.to;
      },
      hidden: () => 'canary-hidden',
    },
    methods: {
      send: {
        args: [{ type: 'object', properties: { to: { type: 'string', maxLength: 20 } }, required: ['to'], additionalProperties: false }],
        effect: true,
      },
    },
  }),
  TenantService: defineService({
    kind: 'factory',
    service: ({ tenant, extension: id, accountability }) => ({ who: () => [tenant, id, accountability['user'] ?? null] }),
    methods: { who: { args: [], effect: false } },
  }),
  OddService: defineService({
    kind: 'object',
    service: {
      give: (name: string) => answers[name]?.(),
      size: (chars: number) => 'x'.repeat(chars),
      deep: (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown,
    },
    methods: {
      give: { args: [{ type: 'string' }], effect: false },
      size: { args: [{ type: 'integer' }], effect: false },
      deep: { args: [{ type: 'integer' }], effect: false },
    },
  }),
};

/** Everything there is. */
export const fullGrant = {
  ItemsService: { methods: true, collections: ['articles', 'directus_users'] },
  JoiningService: { methods: ['add'] },
  MailService: { methods: ['send'] },
  TenantService: { methods: true },
  OddService: { methods: true },
} as const;
