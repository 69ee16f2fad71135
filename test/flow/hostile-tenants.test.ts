// What an attacker once reached at start or by tenants of their own choosing. Must never share a process with another runtime: each counts its wards.
import assert from 'node:assert/strict';
import { test } from 'node:test';
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
    assert.equal((await crowd.get('/a', { 'x-tenant': 't0' })).status, 200);
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
