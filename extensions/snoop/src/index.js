// Hostile on purpose: reaches for what it was not granted, and reports what came of it.

/** What an attempt gave, short enough for a table; failing is what should happen. */
const tell = (value) => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
};

const isKnown = new Set(Object.getOwnPropertyNames(globalThis).filter((name) => /^[A-Z]/.test(name)));

const makeAttempts = ({ database, env, logger, services, getSchema, emitter }) => ({
  'process.env': () => Object.keys(process.env),
  'context env': () => Object.keys(env),
  'read a file': () => require('node:fs').readFileSync('/etc/passwd', 'utf8'),
  'read a file, promised': () => require('node:fs/promises').readFile('/etc/passwd', 'utf8'),
  'run a command': () => require('node:child_process').execSync('id').toString(),
  'open a socket': () =>
    new Promise((resolve, reject) =>
      require('node:net')
        .connect(22, '127.0.0.1')
        .on('connect', () => resolve('connected'))
        .on('error', reject),
    ),
  'fetch the host': () => fetch('http://127.0.0.1:8055/_cloister/health').then((response) => response.text()),
  'load a module by name': () => import(['node:', 'fs'].join('')).then((fs) => fs.readFileSync('/etc/passwd', 'utf8')),
  'the host by a constructor': () => database.constructor.constructor('return typeof process.mainModule + typeof process.binding')(),
  'the host by an error': () => {
    Error.prepareStackTrace = (_error, sites) => sites.map((site) => typeof site.getThis?.()).join(' ');
    return new Error('look').stack;
  },
  'the host by a logger': () => Object.getOwnPropertyNames(Object.getPrototypeOf(logger)),
  'the global object': () => Object.getOwnPropertyNames(Function('return this')()).filter((name) => !isKnown.has(name)),
  'shared memory': () => String(new SharedArrayBuffer(8)),
  WebAssembly: () => String(new WebAssembly.Memory({ initial: 1 })),
  'a table that is granted': () => database('articles').count({ rows: '*' }).first(),
  'a table that is not': () => database('members').select('*'),
  'that table by a join': () => database('articles').join('members', 'members.id', 'articles.id').select('members.api_token'),
  'that table by a sub-query': () => database('articles').select(database.raw('(select api_token from members limit 1) as token')).first(),
  'that table by raw SQL': () => database.raw('select * from members'),
  'a second statement': () => database.raw('select 1; select * from members'),
  'writing where reading is granted': () => database('articles').where({ id: 1 }).update({ title: 'mine' }),
  'the catalog of the database': () => database.raw('select rolname from pg_roles'),
  'a file of the database server': () => database.raw("select pg_read_file('/etc/passwd')"),
  'sleeping in the database': () => database.raw('select pg_sleep(10)'),
  'another role': () => database.raw('reset role'),
  services: () => new services.ItemsService('members', { accountability: { admin: true } }).readByQuery({}),
  'the schema': () => getSchema(),
  'the emitter': () => emitter.emitAction('items.create', {}),
});

const attempt = async (run) => {
  try {
    return { got: tell(await run()) };
  } catch (error) {
    return { refused: tell(error?.code ?? error?.name ?? 'unknown'), message: tell(error?.message ?? error) };
  }
};

export default (router, context) => {
  const attempts = Object.entries(makeAttempts(context));

  router.get('/', async (req, res) => {
    const report = { 'headers it was given': { got: tell(Object.keys(req.headers)) } };
    for (const [name, run] of attempts) report[name] = await attempt(run);
    res.json(report);
  });

  router.get('/attempts', (_req, res) => res.json(attempts.map(([name]) => name)));
};
