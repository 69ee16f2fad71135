// The endpoint extension that runs twice: inside Directus as Directus runs it, and in a cell. Must never do what one of the two is not meant to do.

/** Its source; a Directus package of Express 4 that takes services, schema, database, env and logger of its context. */
export const endpointSource = `
const answer = (work) => async (req, res, next) => {
  try { res.json(await work(req)); } catch (error) {
    res.status(error.status ?? 500).json({ name: error.name, code: error.code, status: error.status, message: error.message });
  }
};
export default (router, { services, getSchema, database, logger, env, emitter }) => {
  const { ItemsService, UsersService, MetaService, CollectionsService, FieldsService, RolesService, SettingsService } = services;
  const items = async (req, collection = 'articles') => new ItemsService(collection, { schema: await getSchema(), accountability: req.accountability });
  router.get('/', (req, res) => res.send('hello'));
  router.get('/me', (req, res) => { const { user, role, admin, app } = req.accountability ?? {}; res.json({ user: user ?? null, role: role ?? null, admin: admin === true, app: app === true }); });
  router.get('/list', answer(async (req) => (await items(req)).readByQuery(JSON.parse(req.query.q ?? '{}'))));
  router.get('/one/:id', answer(async (req) => (await items(req)).readOne(Number(req.params.id), JSON.parse(req.query.q ?? '{}'))));
  router.get('/many', answer(async (req) => (await items(req)).readMany(req.query.ids.split(',').map(Number), { fields: ['id', 'title'], sort: ['id'] })));
  router.post('/make', answer(async (req) => { const service = await items(req); const key = await service.createOne(req.body); return service.readOne(key, { fields: ['title', 'status', 'author.name'] }); }));
  router.post('/make-many', answer(async (req) => (await (await items(req)).createMany(req.body)).length));
  router.patch('/change/:id', answer(async (req) => { const service = await items(req); await service.updateOne(Number(req.params.id), req.body); return service.readOne(Number(req.params.id), { fields: ['id', 'title', 'status'] }); }));
  router.post('/upsert', answer(async (req) => typeof (await (await items(req)).upsertOne(req.body))));
  router.delete('/by-title', answer(async (req) => (await (await items(req)).deleteByQuery({ filter: { title: { _eq: req.query.title } }, limit: -1 })).length));
  router.get('/authors', answer(async (req) => (await items(req, 'authors')).readByQuery({ fields: ['name', 'articles.title'], sort: ['name'], deep: { articles: { _sort: ['id'], _limit: 2 } } })));
  router.get('/secrets', answer(async (req) => (await items(req, 'secrets')).readByQuery({})));
  router.get('/nowhere', answer(async (req) => (await items(req, 'nowhere')).readByQuery({})));
  router.get('/count', answer(async (req) => (await items(req)).readByQuery({ aggregate: { count: ['*'] }, group: ['status'], sort: ['status'] })));
  router.get('/meta', answer(async (req) => new MetaService({ schema: await getSchema(), accountability: req.accountability }).getMetaForQuery('articles', { meta: ['total_count', 'filter_count'], filter: { status: { _eq: 'published' } } })));
  router.get('/user', answer(async (req) => new UsersService({ schema: await getSchema(), accountability: req.accountability }).readOne(req.accountability.user, { fields: ['email', 'first_name'] })));
  router.get('/users', answer(async (req) => (await new UsersService({ schema: await getSchema(), accountability: req.accountability }).readByQuery({ fields: ['email'], sort: ['email'] })).length));
  router.get('/roles', answer(async (req) => (await new RolesService({ schema: await getSchema(), accountability: req.accountability }).readByQuery({ fields: ['name'], sort: ['name'] }))));
  router.get('/collection', answer(async (req) => (await new CollectionsService({ schema: await getSchema(), accountability: req.accountability }).readOne('articles')).collection));
  router.get('/fields', answer(async (req) => (await new FieldsService({ schema: await getSchema(), accountability: req.accountability }).readAll('articles')).map(({ field }) => field).sort()));
  router.get('/knex', answer(async () => database('articles').select('id', 'title').where({ status: 'published' }).orderBy('id').limit(3)));
  router.get('/knex-join', answer(async () => database('articles as a').join('authors as w', 'w.id', 'a.author').select('a.title', 'w.name').orderBy('a.id').limit(4)));
  router.get('/knex-count', answer(async () => database('articles').count('* as n').groupBy('status').select('status').orderBy('status')));
  router.get('/transaction', answer(async () => { await database.transaction(async (trx) => { await trx('articles').where({ id: 1 }).update({ title: 'changed' }); throw new Error('undone'); }).catch(() => undefined); return database('articles').where({ id: 1 }).first('title'); }));
  router.get('/env', (req, res) => res.json({ url: env.PUBLIC_URL, limit: env.QUERY_LIMIT_DEFAULT ?? null }));
  router.get('/query', (req, res) => res.json(req.query));
  router.post('/body', (req, res) => res.json({ body: req.body, type: req.get('content-type') }));
  router.get('/status/:code', (req, res) => res.status(Number(req.params.code)).set('X-Made', 'here').type('text').send('status ' + req.params.code));
  router.get('/redirect', (req, res) => res.redirect(302, '/elsewhere'));
  router.get('/throws', () => { throw new Error('inside'); });
  router.get('/log', (req, res) => { logger.info('from the extension'); res.status(204).end(); });
  const cut = (schema, names) => ({ collections: Object.fromEntries(names.map((name) => [name, schema.collections[name]])), relations: schema.relations.filter(({ collection, related_collection }) => names.includes(collection) && names.includes(related_collection)) });
  router.get('/schema', answer(async (req) => cut(await getSchema(), ['articles', 'authors', 'secrets'])));
  router.get('/schema-users', answer(async (req) => (await getSchema()).collections.directus_users));
  router.get('/schema-request', answer(async (req) => cut(req.schema, ['articles', 'authors'])));
  router.get('/schema-names', answer(async (req) => Object.keys((await getSchema()).collections).sort()));
  router.get('/schema-relations', answer(async (req) => (await getSchema()).relations.map(({ collection, field }) => collection + '.' + field).sort()));
  router.get('/emit', answer((req) => emitter.emitFilter('custom.price', { value: Number(req.query.value) }, { unit: 'EUR' })));
  router.get('/ping', async (req, res) => { const schema = await getSchema(); emitter.emitAction('custom.ping', { from: req.baseUrl.slice(1) }, { database, schema, accountability: req.accountability }); res.json('sent'); });
  router.get('/loop', (req, res) => { emitter.emitAction('custom.loop', { from: 'boxed' }); res.json('sent'); });
  router.get('/*', (req, res) => res.status(404).json({ rest: req.params[0] }));
};
`;

/** What its package says to Directus and to Cloister. */
export const manifestOf = (name: string): object => ({
  name,
  version: '1.0.0',
  type: 'module',
  'directus:extension': { type: 'endpoint', path: 'index.js', source: 'index.js', host: '>=12' },
  cloister: {
    capabilities: {
      services: {
        ItemsService: { methods: true, collections: ['articles', 'authors', 'secrets', 'nowhere'] },
        UsersService: { methods: ['readOne', 'readByQuery'] },
        MetaService: { methods: true },
        RolesService: { methods: true },
        CollectionsService: { methods: true },
        FieldsService: { methods: true },
      },
      database: { tables: { articles: { read: true, update: true }, authors: { read: true } } },
      schema: {},
      emitter: { emit: ['custom.*'] },
      env: { keys: ['PUBLIC_URL', 'QUERY_LIMIT_DEFAULT'] },
    },
    limits: { cpuMs: 2_000, wallMs: 20_000, hostCalls: 200 },
  },
});
