// What is asked of both, as whom. Data; must hold no expectation: the one is held against the other.

export interface Ask {
  readonly as: 'nobody' | 'reader' | 'admin';
  /** `{where}`, here and in the body, stands for which of the two is asked: they share a database. */
  readonly path: string;
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
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
];
