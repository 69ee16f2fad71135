// Answers that nobody reads: what waits for a slow client waits in the cell that made it, or is given up. Must never gather in the host.
import assert from 'node:assert/strict';
import type net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const source = `
export default (router) => {
  router.get('/drip', (req, res) => { res.type('bin'); setInterval(() => { for (let count = 0; count < 5_000; count += 1) res.write('x'); }, 1); });
  router.get('/gush', (req, res) => { res.type('bin'); const part = Buffer.alloc(64 * 1024, 1); setInterval(() => { for (let count = 0; count < 20; count += 1) res.write(part); }, 1); });
  router.get('/whole', (req, res) => { res.type('bin').send(Buffer.alloc(8 * 1024 * 1024, 1)); });
  router.get('/pieces/:count', async (req, res) => { res.type('text'); for (let count = 0; count < Number(req.params.count); count += 1) res.write(count + ';'); res.end('end'); });
  router.get('/', (req, res) => res.json('here'));
};`;

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      slow: extension(source, {
        limits: {
          cpuMs: 1_000,
          wallMs: 20_000,
          registerMs: 20_000,
          streamIdleMs: 2_500,
          memoryMb: 128,
          bodyOutBytes: 20_000_000,
          unsentBytes: 32 * 1024 * 1024,
        },
      }),
      by: extension(source, { limits: { cpuMs: 5_000, wallMs: 20_000, registerMs: 20_000 } }),
    },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

/** Clients that ask and never read. */
const openDeaf = async (path: string, count: number): Promise<readonly net.Socket[]> =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const socket = await runtime.connect();
      socket.on('error', () => undefined);
      socket.pause();
      socket.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
      return socket;
    }),
  );
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
/** What is held, not what waits to be collected: how much that is depends on how busy the machine is. */
const heldMb = (): number => {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / (1024 * 1024);
};

describe('clients that do not read', () => {
  for (const [path, clients, seconds] of [
    ['/slow/drip', 16, 2],
    ['/slow/gush', 16, 2],
    ['/slow/whole', 60, 2],
  ] as const) {
    test(`${clients} of ${path} cost the host little, and others are served`, async (context) => {
      const before = heldMb();
      const sockets = await openDeaf(path, clients);
      let most = 0;
      try {
        for (let round = 0; round < seconds * 10; round += 1) {
          await sleep(100);
          if (round % 4 === 3) most = Math.max(most, heldMb() - before);
          const by = await runtime.get('/by');
          assert.equal(by.status, 200, `${by.text} ${JSON.stringify(runtime.entries('life').slice(-8))}`);
        }
      } finally {
        for (const socket of sockets) socket.destroy();
      }
      context.diagnostic(`at most ${Math.round(most)} MB more in the host`);
      assert.ok(most < 150, `the host held ${Math.round(most)} MB more`);
      await waitUntil('nothing runs', () => runtime.runtime.health().requests === 0);
    });
  }
  test('what is over the share is refused with unsentBytes, on the ledger, and served again once clients are gone', async () => {
    const sockets = await openDeaf('/slow/whole', 30);
    try {
      await waitUntil('the share is used up', () => runtime.entries('limit').some((one) => one.limit === 'unsentBytes'), 20_000);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await waitUntil('nothing runs', () => runtime.runtime.health().requests === 0);
    const whole = await runtime.get('/slow/whole');
    assert.deepEqual([whole.status, whole.bytes.length], [200, 8 * 1024 * 1024]);
  });
  test('a client that reads gets all of what the extension wrote without waiting', async () => {
    const reply = await runtime.get('/slow/pieces/3000');
    assert.equal(reply.text, `${Array.from({ length: 3_000 }, (_, count) => `${count};`).join('')}end`);
  });
});
