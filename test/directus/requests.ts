// What is asked of both, as whom. Data; must hold no expectation: the one is held against the other.

export interface Ask {
  readonly as: 'nobody' | 'reader' | 'admin';
  /** `{where}`, here and in the body, stands for which of the two is asked: they share a database. */
  readonly path: string;
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Asks Directus itself, whose hooks are compared then. */
  readonly core?: true;
  /** Asks again until `data` is no empty list: an action is not waited for. */
  readonly patient?: true;
}

const q = (query: object): string => `/list?q=${encodeURIComponent(JSON.stringify(query))}`;

const reads = [
  '/me',
  q({ fields: ['id', 'title'], sort: ['id'], limit: 5 }),
  q({ fields: ['title', 'author.name'], filter: { status: { _eq: 'published' } }, sort: ['-title'] }),
  q({ fields: ['id'], filter: { _or: [{ title: { _contains: '3' } }, { author: { name: { _eq: 'Ann' } } }] }, sort: ['id'] }),
  q({ fields: ['hidden'], limit: 2 }),
  q({ fields: ['id'], search: 'title 1', sort: ['id'] }),
  q({ fields: ['id'], limit: -1, sort: ['id'] }),
  q({ fields: ['id'], filter: { nothing: { _eq: 1 } } }),
  q({ fields: ['id'], filter: { title: { _like: 1 } } }),
  '/one/1?q=%7B%22fields%22%3A%5B%22id%22%2C%22title%22%5D%7D',
  '/one/99999',
  '/many?ids=3,1,2',
  '/authors',
  '/secrets',
  '/nowhere',
  '/count',
  '/meta',
  '/users',
  '/roles',
  '/collection',
  '/fields',
] as const;

const seen = (title: string): string => `/items/articles?fields=title,status,hidden&filter[title][_eq]={where}: ${title}`;
const make = (title: string, more: object = {}): Pick<Ask, 'path' | 'method' | 'body' | 'core'> => ({
  path: '/items/articles?fields=title,status,hidden',
  method: 'POST',
  body: { title: `{where}: ${title}`, author: 1, ...more },
  core: true,
});

/** Through Directus's own API, on whose events the hooks act. */
const events: readonly Ask[] = [
  ...(['reader', 'admin'] as const).flatMap((as): readonly Ask[] => [
    { as, ...make('changed') },
    { as, ...make('keep', { status: 'kept' }) },
    { as, ...make('both') },
    { as, ...make('refuse') },
    { as, ...make('throw') },
    { as, path: seen('refuse'), core: true },
    { as, path: seen('throw'), core: true },
    { as, path: '/items/articles/5?fields=title,status,hidden', method: 'PATCH', body: { title: '{where}: updated' }, core: true },
    {
      as,
      path: '/items/articles?fields=title,hidden',
      method: 'PATCH',
      body: { keys: [6, 7], data: { title: '{where}: updated' } },
      core: true,
    },
    { as, path: '/items/articles?fields=title&search={where}: query', core: true },
    { as, ...make('seen') },
    { as, path: seen('seen'), core: true },
    { as, path: '/make', method: 'POST', body: { title: '{where}: refuse', author: 1 } },
    { as, path: '/make', method: 'POST', body: { title: '{where}: both', author: 1 } },
    {
      as,
      path: '/make-many',
      method: 'POST',
      body: [
        { title: '{where}: many', author: 1 },
        { title: '{where}: refuse', author: 1 },
      ],
    },
    { as, path: seen('many'), core: true },
    { as, path: '/emit?value=1' },
    { as, path: '/emit?value=13' },
  ]),
  { as: 'nobody', ...make('public') },
  { as: 'reader', path: '/items/articles/{key}', method: 'DELETE', core: true },
  { as: 'admin', path: '/items/articles/{key}', method: 'DELETE', core: true },
  { as: 'admin', ...make('act') },
  { as: 'admin', path: '/items/authors?fields=name&filter[name][_starts_with]={where} heard', core: true, patient: true },
  { as: 'admin', path: '/ping' },
  { as: 'admin', path: '/items/authors?fields=name&filter[name][_starts_with]={where} pong', core: true, patient: true },
  {
    as: 'nobody',
    path: '/auth/login',
    method: 'POST',
    body: { email: '{where}@example.com', password: 'a-long-password-of-two' },
    core: true,
  },
  {
    as: 'nobody',
    path: '/auth/login',
    method: 'POST',
    body: { email: 'none@example.com', password: 'a-long-password-of-two' },
    core: true,
  },
  {
    as: 'admin',
    path: '/users?fields=first_name,last_name,email',
    method: 'POST',
    body: { first_name: 'Made by {where}', email: 'made-{where}@example.com', password: 'said-by-the-admin' },
    core: true,
  },
  { as: 'nobody', path: '/no-such-{where}', core: true },
  { as: 'nobody', path: '/no-such-other', core: true },
];

const everybody = ['nobody', 'reader', 'admin'] as const;

export const asks: readonly Ask[] = [
  { as: 'nobody', path: '/' },
  ...everybody.flatMap((as) => reads.map((path) => ({ as, path }))),
  { as: 'reader', path: '/user' },
  { as: 'admin', path: '/user' },
  ...everybody.flatMap((as): readonly Ask[] => [
    { as, path: '/make', method: 'POST', body: { title: 'made', status: 'draft', author: 1 } },
    { as, path: '/make', method: 'POST', body: { title: 'made with an author', status: 'draft', author: { name: 'New' } } },
    { as, path: '/make', method: 'POST', body: { title: null } },
    { as, path: '/make', method: 'POST', body: { wrong: 'field' } },
    { as, path: '/make-many', method: 'POST', body: [{ title: 'many in {where}' }, { title: 'many in {where}' }] },
    { as, path: '/change/2', method: 'PATCH', body: { status: 'archived' } },
    { as, path: '/change/99999', method: 'PATCH', body: { status: 'archived' } },
    { as, path: '/upsert', method: 'POST', body: { id: 4, title: 'title 4' } },
    { as, path: '/by-title?title=many%20in%20{where}', method: 'DELETE' },
  ]),
  { as: 'admin', path: '/knex' },
  { as: 'admin', path: '/knex-join' },
  { as: 'admin', path: '/knex-count' },
  { as: 'admin', path: '/transaction' },
  { as: 'nobody', path: '/env' },
  { as: 'nobody', path: '/query?a=1&b[c]=2&d[]=3&d[]=4&e=%C3%A4' },
  { as: 'nobody', path: '/body', method: 'POST', body: { deep: { list: [1, null, 'ä'] } } },
  { as: 'nobody', path: '/status/201' },
  { as: 'nobody', path: '/status/404' },
  { as: 'nobody', path: '/redirect' },
  { as: 'nobody', path: '/throws' },
  { as: 'nobody', path: '/log' },
  { as: 'nobody', path: '/any/thing/else' },
  { as: 'nobody', path: '/schema' },
  { as: 'reader', path: '/schema' },
  { as: 'nobody', path: '/schema-users' },
  { as: 'nobody', path: '/schema-request' },
  { as: 'nobody', path: '/schema-names' },
  { as: 'nobody', path: '/schema-relations' },
  ...events,
];
