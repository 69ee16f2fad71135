// Two packages that want one mount and register at the same moment. Must never leave the later one with what the earlier one was given.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extension, openTestRuntime } from '../helpers/runtime.ts';

// They wait for the same moment, so that one message to the host has both registrations.
const source = (mount: string, name: string): string => `export default {
  id: '${mount}',
  handler: async (router) => {
    router.get('/', (req, res) => res.send('${name}'));
    await new Promise((resolve) => setTimeout(resolve, 1_000 - (Date.now() % 1_000)));
  },
};`;
const mounts = ['one', 'two', 'three'];

test('one has it, the other is refused, each time', async () => {
  const host = await openTestRuntime({
    extensions: Object.fromEntries(
      mounts.flatMap((mount) => ['a', 'b'].map((letter) => [`${mount}-${letter}`, extension(source(mount, `${mount}-${letter}`))])),
    ),
    options: { limits: { cpuMs: 2_000, wallMs: 30_000, registerMs: 20_000 } },
  });
  try {
    assert.deepEqual(
      host.runtime.refused().map(({ error }) => error.code),
      mounts.map(() => 'ERR_EXTENSION_CONFLICT'),
    );
    const served = host.runtime.extensions().map(({ id, mounts: [mount] }) => [mount, id]);
    assert.deepEqual(new Set(served.map(([mount]) => mount)), new Set(mounts));
    for (const [mount, id] of served) assert.equal((await host.get(`/${mount}`)).text, id);
  } finally {
    await host.close();
  }
});
