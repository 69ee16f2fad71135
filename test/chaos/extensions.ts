// What a chaos run serves: one that writes rows and says events, one that hears them and has a schedule. Must never hide an error from its client.
import { hook } from '../helpers/hook.ts';
import { extension } from '../helpers/runtime.ts';
import type { Files } from '../packages/package-writer.ts';

const limits = { cpuMs: 5_000, wallMs: 30_000, registerMs: 60_000 };

const writer = `
export default (router, { database, emitter }) => {
  router.get('/plain/:token', (req, res) => res.json(req.params.token));
  router.get('/write/:token', async (req, res) => { await database('marks').insert({ token: req.params.token }); res.json('done'); });
  router.get('/say/:token', async (req, res) => {
    await database('marks').insert({ token: req.params.token });
    emitter.emitAction('chaos.said', { token: req.params.token });
    res.json('done');
  });
};`;

const listener = `
export default ({ action, schedule }, { database, env }) => {
  action('chaos.said', async ({ token }) => { await database('heard').insert({ token }); });
  schedule('* * * * * *', async () => { await database('ticks').insert({ host: env.HOST_NAME }); });
};`;

export const setUp = `
  create table marks (token text not null);
  create table heard (token text not null);
  create table ticks (id bigserial primary key, host text not null, at timestamptz not null default clock_timestamp());`;

const create = { create: true } as const;

export const extensions: Readonly<Record<string, Files>> = {
  writer: extension(writer, { capabilities: { database: { tables: { marks: create } }, emitter: { emit: ['chaos.*'] } }, limits }),
  listener: hook(listener, { listen: ['chaos.*'], schedule: true }, limits, {
    database: { tables: { heard: create, ticks: create } },
    env: { keys: ['HOST_NAME'] },
  }),
};
