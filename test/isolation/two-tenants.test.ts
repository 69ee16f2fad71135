// Two tenants run programs at random, beside and after one another, through everything that ends or renews a cell: neither ever sees a value of the other. Must never pass because the programs see nothing: the same ones find each other where a cell is shared on purpose.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reply } from '../helpers/client.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { makeRandom, readSeed } from '../helpers/random.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';
import { openUpstream, type Upstream } from '../helpers/upstream.ts';
import { type Channel, channelGrants, channelSource, channels, channelsInCell, channelsOnHost, channelTables } from './channels.ts';

const seconds = Number(process.env['CLOISTER_FUZZ_SECONDS'] ?? 2);
const random = makeRandom(readSeed());
const pick = <Item>(list: readonly Item[]): Item => list[Math.floor(random() * list.length)] as Item;

/** A tenant's name, and the word that stands in all it writes. Neither may ever be in the other's hands. */
interface Tenant {
  readonly name: string;
  readonly mark: string;
}
const makeTenant = (letter: string): Tenant => ({
  name: `name${letter}${randomBytes(6).toString('hex')}`,
  mark: `mark${letter}${randomBytes(6).toString('hex')}`,
});
const pair = [makeTenant('A'), makeTenant('B')] as const;

interface Step {
  readonly write?: Channel;
  readonly secret?: string;
  readonly wait?: number;
}

let upstream: Upstream;
let database: TestDatabase;
before(async () => {
  // It tells each what that one sent, and nothing else.
  upstream = await openUpstream(({ headers, body }, response) => response.end(JSON.stringify([headers, body])));
  database = await openTestDatabase(channelTables);
});
after(async () => {
  await upstream?.close();
  await database?.close();
});

const open = (tenantOf: (name: string) => string): Promise<TestRuntime> =>
  openTestRuntime({
    extensions: { leak: extension(channelSource(upstream.origin), { capabilities: channelGrants(upstream.origin) }) },
    options: {
      database: database.url,
      env: { SHARED: 'of all' },
      egress: { internalOrigins: [upstream.origin] },
      limits: { cpuMs: 2_000, wallMs: 15_000, registerMs: 30_000, memoryMb: 32, hostCalls: 1_000, concurrentRequests: 8 },
      wards: { cellIdleMs: 300, max: 6 },
      identify: ({ headers }) => ({ tenant: tenantOf(String(headers['x-tenant'])), accountability: null }),
      resolveTenant: () => ({ quotas: { tenant: { rows: { most: 20_000, perSeconds: 5 }, requests: { most: 400, perSeconds: 3 } } } }),
    },
  });

let written = 0;
const writing = (tenant: Tenant, channel: Channel, wait = 0): Step => ({
  write: channel,
  secret: `${tenant.mark}x${String((written += 1))}`,
  wait,
});

const run = (host: TestRuntime, tenant: Tenant, steps: readonly Step[], fatal = false, signal?: AbortSignal): Promise<Reply> =>
  host.request('/leak/run', {
    method: 'POST',
    headers: { 'x-tenant': tenant.name },
    body: { steps, fatal },
    ...(signal === undefined ? {} : { signal }),
  });

/** All that a client gets of an answer. */
const textOf = (reply: Reply): string => `${reply.rawHeaders.join('\n')}\n${reply.bytes.toString('latin1')}`;
const encodings = (text: string): readonly string[] => [text, Buffer.from(text).toString('hex'), encodeURIComponent(text)];
const findIn = (text: string, { name, mark }: Tenant): string | undefined =>
  [name, mark].flatMap(encodings).find((one) => text.includes(one));

describe('two tenants', () => {
  it('find each other in every way there is where they share a cell on purpose', async () => {
    const host = await open(() => 'both');
    try {
      assert.deepEqual(host.runtime.refused(), []);
      const [writer, reader] = pair;
      const told = [...channelsOnHost, ...channelsInCell].map((channel) => ({ write: channel, secret: `${writer.mark}control${channel}` }));
      const done = await run(host, writer, told);
      assert.equal(done.status, 200, done.text);
      const seen = textOf(await run(host, reader, [{ wait: 20 }]));
      const blind = told.filter(({ secret }) => !seen.includes(secret)).map(({ write }) => write);
      assert.deepEqual(blind, []);
    } finally {
      await host.close();
    }
  });

  it(`see nothing of each other for ${String(seconds)} seconds of programs at random`, async (context) => {
    const host = await open((name) => name);
    const counts = { requests: 0, answered: 0, looks: 0, killed: 0 };
    const ask = async (me: Tenant, other: Tenant): Promise<void> => {
      const steps = Array.from({ length: 1 + Math.floor(random() * 4) }, (): Step => {
        const wait = random() < 0.3 ? Math.floor(random() * 30) : 0;
        return random() < 0.4 ? { wait } : writing(me, pick(channels), wait);
      });
      const leaves = random() < 0.1 ? AbortSignal.timeout(5 + Math.floor(random() * 100)) : undefined;
      counts.requests += 1;
      counts.looks += steps.filter(({ write }) => write === undefined).length;
      let reply: Reply;
      try {
        reply = await run(host, me, steps, random() < 0.2, leaves);
      } catch {
        // It left, or its answer broke off: it read nothing.
        return;
      }
      if (reply.status === 200) counts.answered += 1;
      const found = findIn(textOf(reply), other);
      assert.equal(found, undefined, `${me.mark} saw ${String(found)} after ${JSON.stringify(steps)}: ${textOf(reply).slice(0, 2_000)}`);
    };
    const disturb = async (): Promise<void> => {
      const chance = random();
      if (chance < 0.3) host.runtime.forgetTenant(pick([...pair.map(({ name }) => name), undefined]));
      else if (chance < 0.5) {
        const ward = host.wards().at(0);
        if (ward === undefined) return;
        counts.killed += 1;
        process.kill(ward, 'SIGKILL');
      } else if (chance < 0.7) await sleep(400);
    };
    try {
      assert.deepEqual(host.runtime.refused(), []);
      // Whoever is slow to boot has a chance too.
      await Promise.all([ask(pair[0], pair[1]), ask(pair[1], pair[0])]);
      for (const until = performance.now() + seconds * 1_000; performance.now() < until; ) {
        const [one, other] = random() < 0.5 ? pair : ([pair[1], pair[0]] as const);
        await Promise.all(Array.from({ length: 1 + Math.floor(random() * 5) }, () => (random() < 0.6 ? ask(one, other) : ask(other, one))));
        await disturb();
      }
      for (const [one, other] of [pair, [pair[1], pair[0]] as const]) {
        const reply = await run(host, one, [{ wait: 0 }]);
        assert.equal(findIn(textOf(reply), other), undefined);
      }
      context.diagnostic(JSON.stringify(counts));
      assert.ok(counts.answered > 0 && counts.looks > 0, 'nobody looked');
    } finally {
      await host.close();
    }
  });
});
