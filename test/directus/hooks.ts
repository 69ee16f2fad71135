// The hooks that run twice, inside Directus and in a cell, and the one of Directus they talk with. Must never touch an item that the other one is asked about.

/** `where` stands in the titles it cares for: both hear everything that happens in the one Directus. */
export const hookSource = (where: string): string => `
const where = ${JSON.stringify(where)};
const mine = (item, word = '') => typeof item?.title === 'string' && item.title.startsWith(where + ': ' + word);
const refusal = (code, status, extensions) => Object.assign(new Error(code.toLowerCase()), { name: 'DirectusError', code, status, extensions });
const who = (accountability) => [accountability === null ? 'nobody' : accountability.admin === true ? 'admin' : accountability.role === null ? 'public' : 'role'].join();
export default ({ filter, action, init, schedule }, { services, getSchema, emitter, logger }) => {
  filter('articles.items.create', (payload, meta, { accountability }) => {
    if (!mine(payload)) return;
    if (mine(payload, 'refuse')) throw refusal('TOO_DEAR', 422, { most: 5 });
    if (mine(payload, 'throw')) throw new Error('inside the hook');
    if (mine(payload, 'keep')) return undefined;
    if (mine(payload, 'spin') && where === 'boxed') for (;;) {}
    return { ...payload, hidden: JSON.stringify([meta.event, meta.collection, who(accountability)]) };
  });
  filter('items.create', (payload, meta) => { if (mine(payload, 'both')) return { ...payload, status: meta.event }; });
  filter('articles.items.update', (payload, meta) => { if (mine(payload)) return { ...payload, hidden: 'updated ' + typeof meta.keys[0] }; });
  filter('articles.items.read', (list, meta) => list.some((item) => mine(item, 'seen')) ? list.map((item) => ({ ...item, status: 'seen through ' + meta.event })) : undefined);
  filter('articles.items.query', (query, meta) => query.search === where + ': query' ? { fields: ['title'], filter: { title: { _eq: where + ': both' } }, limit: 1 } : query);
  filter('articles.items.delete', async (keys, meta, { accountability }) => {
    if (keys.includes(where === 'plain' ? 19 : 20)) throw refusal('NOT_THIS_ONE', 403);
  });
  action('articles.items.create', async ({ payload, key, collection, event }, { accountability }) => {
    if (!mine(payload, 'act')) return;
    const authors = new services.ItemsService('authors', { schema: await getSchema(), accountability });
    await authors.createOne({ name: where + ' heard ' + [event, collection, typeof key, who(accountability)].join(' ') });
  });
  action('articles.items.create', async ({ payload }, { accountability }) => {
    if (!mine(payload, 'loop') || where === 'plain') return;
    try { await new services.ItemsService('articles', { schema: await getSchema(), accountability }).createOne({ title: payload.title }); }
    catch (error) { logger.info('loop ended with ' + error.code); }
  });
  filter('auth.login', (payload, meta) => {
    if (payload.email !== where + '@example.com') return;
    logger.info(where + ' login ' + [...Object.keys(payload).sort(), meta.status, meta.provider].join(' '));
    throw refusal('NOT_TODAY', 403, { until: 'tomorrow' });
  });
  filter('users.create', (payload) => payload.first_name === 'Made by ' + where ? { ...payload, last_name: 'Hooked', ...(where === 'boxed' ? { password: 'said-by-the-hook' } : {}) } : undefined);
  filter('request.error', (errors) => errors.map((error) => error.message.includes('no-such-' + where) ? { ...error, message: 'nothing here' } : error));
  emitter.onAction('custom.pong', async ({ from, reply }, { accountability }) => {
    if (from !== where) return;
    await new services.ItemsService('authors', { schema: await getSchema(), accountability }).createOne({ name: where + ' ' + reply });
  });
  emitter.onAction('custom.loop-back', async ({ from }) => {
    if (from !== where || where === 'plain') return;
    try { await emitter.emitFilter('custom.loop', { from }); logger.info('the circle goes on'); } catch (error) { logger.info('circle ended with ' + error.code + ' ' + error.extensions?.chain?.join(' ')); }
  });
  init('app.after', () => logger.info(where + ' started'));
  let ticks = 0;
  schedule('* * * * * *', () => { ticks += 1; if (ticks <= 5) logger.info(where + ' ticked'); });
};
`;

/** Trusted, in Directus's own process: it answers what the extensions emit. */
export const witnessSource = `
export default (hook, { emitter, logger }) => {
  emitter.onFilter('custom.price', (payload, meta, { accountability }) => {
    if (payload.value === 13) throw Object.assign(new Error('unlucky'), { name: 'DirectusError', code: 'UNLUCKY', status: 409, extensions: { value: 13 } });
    return { value: payload.value + 1, by: [meta.event, meta.unit] };
  });
  emitter.onAction('custom.ping', ({ from }, { database, schema, accountability }) => emitter.emitAction('custom.pong', { from, reply: 'ponged' }, { database, schema, accountability }));
  emitter.onAction('custom.loop', ({ from }) => { logger.info('witness loop ' + from); emitter.emitAction('custom.loop-back', { from }); });
};
`;

export const hookManifest = (name: string, version = '>=12'): object => ({
  name,
  version: '1.0.0',
  type: 'module',
  'directus:extension': { type: 'hook', path: 'index.js', source: 'index.js', host: version },
  cloister: {
    capabilities: {
      emitter: {
        listen: ['articles.items.*', 'items.create', 'auth.login', 'users.create', 'request.error', 'custom.*', 'app.after'],
        emit: ['custom.loop'],
        schedule: true,
      },
      services: { ItemsService: { methods: ['createOne'], collections: ['articles', 'authors'] } },
      schema: {},
    },
    limits: { cpuMs: 2_000, wallMs: 20_000, registerMs: 20_000 },
  },
});
