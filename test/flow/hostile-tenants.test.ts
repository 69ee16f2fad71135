// What an attacker once reached at start or by tenants of their own choosing. Must never share a process with another runtime: each counts its wards.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { extension, openTestRuntime } from '../helpers/runtime.ts';

test('how many wards there are is not for clients to decide', async () => {
  const crowd = await openTestRuntime({
    extensions: { a: extension(`export default (router) => { router.get('/', (req, res) => res.json('ok')); };`) },
    options: { wards: { max: 4 }, identify: (request) => ({ tenant: String(request.headers['x-tenant']), accountability: null }) },
  });
  try {
    for (let tenant = 0; tenant < 12; tenant += 1) {
      const reply = await crowd.get('/a', { 'x-tenant': `t${tenant}` });
      assert.ok([200, 503].includes(reply.status), `${reply.status} ${reply.text}`);
    }
    assert.ok(crowd.wards().length <= 4, `${crowd.wards().length} wards`);
    let last = 0;
    for (let round = 0; round < 60 && last !== 200; round += 1) {
      last = (await crowd.get('/a', { 'x-tenant': 't0' })).status;
      await sleep(50);
    }
    assert.equal(last, 200);
  } finally {
    await crowd.close();
  }
});

test('a storm of tenants is no fault of an extension, and who asks steadily is served', async (context) => {
  const crowd = await openTestRuntime({
    extensions: {
      a: extension(`export default (router) => { router.get('/', (req, res) => res.json('ok')); };`, {
        limits: { wallMs: 20_000, registerMs: 20_000 },
      }),
    },
    options: { wards: { max: 5 }, identify: (request) => ({ tenant: String(request.headers['x-tenant']), accountability: null }) },
  });
  try {
    const steady: number[] = [];
    let storming = true;
    const asking = (async () => {
      while (storming) steady.push((await crowd.get('/a', { 'x-tenant': 'steady' })).status);
    })();
    const replies = await Promise.all(Array.from({ length: 30 }, (_, at) => crowd.get('/a', { 'x-tenant': `storm-${at}` })));
    storming = false;
    await asking;
    for (const reply of replies)
      assert.ok(reply.status === 200 || (reply.status === 503 && reply.headers['retry-after'] !== undefined), reply.text);
    assert.deepEqual(
      crowd.entries('life').filter(({ event }) => event === 'extension.parked' || event === 'extension.suspect'),
      [],
    );
    context.diagnostic(
      `${replies.filter(({ status }) => status === 200).length} of 30 got in, ${steady.filter((status) => status === 200).length} of ${steady.length} steady ones served`,
    );
    assert.equal(steady.at(0), 200);
  } finally {
    await crowd.close();
  }
});

test('what a refused extension says cannot move an operator’s cursor', async () => {
  const esc = await openTestRuntime({
    extensions: { esc: extension(`export default () => { throw new Error('\\u001b[2J\\u0007\\r\\u202e owned'); };`) },
  });
  try {
    const [message] = esc.runtime.refused().map(({ error }) => error.message);
    assert.match(message ?? '', /owned/);
    assert.doesNotMatch(message ?? '', /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
  } finally {
    await esc.close();
  }
});
