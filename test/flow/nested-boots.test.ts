// Registrations that wait for a listener whose boot waits behind them: it goes on without a turn, and nobody waits for a deadline.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emitting, hook } from '../helpers/hook.ts';
import { openTestRuntime, waitUntil } from '../helpers/runtime.ts';

const limits = { wallMs: 30_000, registerMs: 15_000, cpuMs: 2_000 };
const grant = { emit: ['config.ask'], listen: ['config.ask', 'ping.it'] };
const asks = `
export default async (router, { emitter }) => {
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const got = await emitter.emitFilter('config.ask', { heard: false }, {});
  router.get('/', (req, res) => res.json(got));
};`;
const names = ['one', 'two', 'three'];

test('a listener whose boot waits for a turn goes on without one, once registrations that hold all turns wait for it', async () => {
  const runtime = await openTestRuntime({
    extensions: {
      ...Object.fromEntries(names.map((name) => [name, emitting(asks, grant, limits)])),
      hears: hook(
        `export default ({ filter, action }) => { filter('config.ask', () => ({ heard: true })); action('ping.it', () => {}); };`,
        grant,
        limits,
      ),
    },
    options: { wards: { bootsAtOnce: 4 }, identify: () => ({ tenant: 'acme', accountability: null }) },
  });
  try {
    assert.deepEqual(runtime.runtime.refused(), []);
    const replies = names.map((name) => runtime.get(`/${name}`));
    const booting = (extension: string): boolean =>
      runtime.entries('life').some((one) => one.event === 'cell.boot' && one.tenant === 'acme' && one.extension === extension);
    await waitUntil('all that one tenant may have register', () => names.every(booting));
    // Nobody waits for an action, so its listener takes its place in the queue of boots.
    void runtime.runtime.events.action('ping.it', {}, { tenant: 'acme', accountability: null });
    assert.equal(booting('hears'), false);
    assert.deepEqual(
      (await Promise.all(replies)).map((reply) => reply.json()),
      names.map(() => ({ heard: true })),
    );
  } finally {
    await runtime.close();
  }
});
