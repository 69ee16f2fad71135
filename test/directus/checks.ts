// What has no counterpart in Directus: loops that end, hooks that hang, secrets that stay. Each says what is wrong, or nothing. Must never rest on a time.
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningDirectus } from './directus.ts';

export type Call = (
  method: string,
  path: string,
  token: string | null,
  body?: unknown,
) => Promise<{ readonly status: number; readonly body: unknown }>;

export interface Check {
  readonly name: string;
  /** null: it holds. */
  run(directus: RunningDirectus, call: Call, admin: string): Promise<string | null>;
}

const patienceMs = 20_000;

const until = async (holds: () => boolean | Promise<boolean>): Promise<boolean> => {
  for (const end = performance.now() + patienceMs; performance.now() < end; await sleep(100)) if (await holds()) return true;
  return false;
};

const countOf = (text: string, part: string): number => text.split(part).length - 1;

const itemsWith = async (call: Call, admin: string, title: string): Promise<number> => {
  const { body } = await call('GET', `/items/articles?fields=id&filter[title][_eq]=${encodeURIComponent(title)}`, admin);
  return (body as { readonly data: readonly unknown[] }).data.length;
};

export const checks: readonly Check[] = [
  {
    name: 'a hook in a cell that does through services what it was told of is refused by its chain',
    async run(directus, call, admin) {
      await call('POST', '/items/articles', admin, { title: 'boxed: loop' });
      if (!(await until(() => directus.output().includes('loop ended with ERR_EVENT_LOOP')))) return 'it was not refused';
      const made = await itemsWith(call, admin, 'boxed: loop');
      return made === 1 ? null : `${String(made)} items were made`;
    },
  },
  {
    name: 'a cell and an extension of Directus that answer each other end by the chain',
    async run(directus, call, admin) {
      await call('GET', '/boxed/loop', admin);
      if (!(await until(() => directus.output().includes('circle ended with ERR_EVENT_LOOP custom.loop custom.loop-back custom.loop'))))
        return 'it was not refused';
      const rounds = countOf(directus.output(), 'witness loop boxed');
      return rounds === 1 ? null : `it went round ${String(rounds)} times`;
    },
  },
  {
    name: 'a filter that hangs stops the operation, and Directus goes on',
    async run(_directus, call, admin) {
      const { status, body } = await call('POST', '/items/articles', admin, { title: 'boxed: spin' });
      const code = (body as { readonly errors?: readonly { readonly extensions: { readonly code: string } }[] }).errors?.[0]?.extensions
        .code;
      if (status !== 500 || code !== 'ERR_CALL_FAILED') return `it was answered with ${String(status)} ${String(code)}`;
      return (await itemsWith(call, admin, 'boxed: spin')) === 0 ? null : 'the item was made';
    },
  },
  {
    name: 'a hook in a cell is told no password, and sets none',
    async run(directus, call) {
      if (!directus.output().includes('boxed login email pending default')) return 'it was told more of a login than the address';
      const hooked = await call('POST', '/auth/login', null, { email: 'made-boxed@example.com', password: 'said-by-the-hook' });
      const real = await call('POST', '/auth/login', null, { email: 'made-boxed@example.com', password: 'said-by-the-admin' });
      return hooked.status !== 200 && real.status === 200 ? null : `it logs in with ${String(hooked.status)}, ${String(real.status)}`;
    },
  },
  {
    name: 'a query for everything is stopped at what one call may read, nested lists too, and Directus goes on',
    async run(_directus, call, admin) {
      const rows = Array.from({ length: 600 }, (_, index) => ({ title: `bulk ${String(index)}`, author: 1 }));
      await call('POST', '/items/articles', admin, rows);
      const asked = {
        all: { fields: ['id'], limit: -1 },
        more: { fields: ['id'], limit: 100_000 },
        few: { fields: ['id'], limit: 5 },
        groups: { group: ['id'], aggregate: { count: ['*'] }, limit: -1 },
      };
      const codes: string[] = [];
      for (const query of Object.values(asked)) {
        const { status } = await call('GET', `/boxed/list?q=${encodeURIComponent(JSON.stringify(query))}`, admin);
        codes.push(String(status));
      }
      codes.push(String((await call('GET', '/boxed/authors', admin)).status));
      codes.push(String((await call('GET', '/items/articles?limit=1', admin)).status));
      return codes.join(' ') === '413 413 200 413 413 200' ? null : `it was answered with ${codes.join(' ')}`;
    },
  },
  {
    name: 'init runs once, a schedule once a second',
    async run(directus) {
      if (!(await until(() => countOf(directus.output(), 'boxed ticked') >= 5))) return 'the schedule did not run';
      const started = countOf(directus.output(), 'boxed started');
      const seconds = directus
        .output()
        .split('\n')
        .filter((line) => line.includes('boxed ticked'))
        .map((line) => (JSON.parse(line) as { readonly time: number }).time);
      const crowded = seconds.slice(1).filter((time, index) => time - (seconds[index] ?? 0) < 300);
      if (started !== 1) return `init ran ${String(started)} times`;
      return crowded.length === 0 ? null : 'the schedule ran twice at once';
    },
  },
  {
    name: 'hooks in cells go on when Directus loads its extensions again',
    async run(directus, call, admin) {
      const before = countOf(directus.output(), 'Extensions reloaded');
      const { body } = await call('GET', '/extensions', admin);
      const list = (body as { readonly data: readonly { readonly id: string; readonly schema?: { readonly name?: string } | null }[] })
        .data;
      const witness = list.find(({ schema }) => schema?.name === 'witness');
      if (witness === undefined) return 'Directus does not list its extension';
      for (const enabled of [false, true]) await call('PATCH', `/extensions/${witness.id}`, admin, { meta: { enabled } });
      if (!(await until(() => countOf(directus.output(), 'Extensions reloaded') > before))) return 'Directus did not load them again';
      return (await until(async () => (await call('POST', '/items/articles', admin, { title: 'boxed: refuse' })).status === 422))
        ? null
        : 'its filter is not asked any more';
    },
  },
];
