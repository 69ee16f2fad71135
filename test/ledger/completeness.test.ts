// The invariant: what reached a resource is on the ledger, once, before it was done; what the ledger says was done reached it, once; through kills, limits and clients that leave. CLOISTER_COMPLETENESS_REQUESTS: how many requests.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LedgerEntry } from '../../src/ledger/entry.ts';
import { readLedger } from '../../src/ledger/read-ledger.ts';
import { verifyLedger } from '../../src/ledger/verify-ledger.ts';
import {
  type CountingProxy,
  type Counts,
  countOf,
  countSeen,
  makeCounter,
  makeExtensions,
  openCountingProxy,
  runLoad,
  setUp,
} from '../helpers/ledger-load.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { type EntryOf, openTestRuntime } from '../helpers/runtime.ts';
import { openUpstream, type Upstream } from '../helpers/upstream.ts';
import { openTemporaryFolder } from '../packages/package-writer.ts';

const requests = Number(process.env['CLOISTER_COMPLETENESS_REQUESTS'] ?? 500);
const connections = requests > 5_000 ? 50 : 12;

interface Call {
  readonly request: number;
  readonly allowed: boolean;
  ends: number;
  outcome: string;
}

type Resource = 'postgres' | 'service' | 'upstream';

const resourceOf = (capability: string, method: string): Resource | null => {
  if (capability === 'database') return method === 'query' ? 'postgres' : null;
  if (capability === 'services') return 'service';
  return capability === 'fetch' ? 'upstream' : null;
};

let database: TestDatabase | undefined;
let proxy: CountingProxy | undefined;
let upstream: Upstream | undefined;
let folder: Awaited<ReturnType<typeof openTemporaryFolder>> | undefined;
const seen: Record<Resource, Counts> = { postgres: new Map(), service: new Map(), upstream: new Map() };
const calls: Record<Resource, Call[]> = { postgres: [], service: [], upstream: [] };
const requestsOnLedger = new Map<string, { starts: number; ends: number }>();
const late: string[] = [];
let file = '';
let statuses: ReadonlyMap<number, number> = new Map();
let kills = 0;
let folded = 0;

/** Reads the ledger as it stands on disk, in order. */
const takeEntries = async (): Promise<void> => {
  const numbers = new Map<string, number>();
  const open = new Map<string, Call>();
  const takeCall = (entry: EntryOf<'call.start'>, starts: number): void => {
    folded += entry.repeats ?? 0;
    if (starts === 0 && !entry.request.includes('register')) late.push(entry.request);
    const resource = resourceOf(entry.capability, entry.method);
    const request = numbers.get(entry.request);
    if (resource === null || request === undefined) return;
    const call: Call = { request, allowed: entry.decision !== 'deny', ends: 0, outcome: '' };
    calls[resource].push(call);
    if (call.allowed) open.set(`${entry.request} ${entry.call}`, call);
  };
  const take = (entry: LedgerEntry): void => {
    if (entry.kind === 'life') {
      if (entry.event === 'ward.kill' || (entry.event === 'cell.end' && entry.reason !== 'the runtime closes')) kills += 1;
      return;
    }
    const facts = requestsOnLedger.get(entry.request) ?? { starts: 0, ends: 0 };
    requestsOnLedger.set(entry.request, facts);
    if (entry.kind === 'request.start') {
      facts.starts += 1;
      numbers.set(entry.request, Number(entry.path.split('/').at(-1)));
    }
    if (entry.kind === 'request.end') facts.ends += 1;
    if (entry.kind === 'call.start') takeCall(entry, facts.starts);
    if (entry.kind === 'call.end') {
      const call = open.get(`${entry.request} ${entry.call}`);
      if (call === undefined) return;
      call.ends += 1;
      call.outcome = entry.outcome;
    }
  };
  for await (const entry of readLedger(file)) take(entry);
};

before(
  async () => {
    database = await openTestDatabase(setUp);
    const url = new URL(database.url);
    proxy = await openCountingProxy(Number(url.port));
    url.port = String(proxy.port);
    const urls: string[] = [];
    upstream = await openUpstream(({ url }, response) => {
      urls.push(url);
      response.end('seen');
    });
    folder = await openTemporaryFolder();
    file = `${folder.root}/ledger.ndjson`;
    const runtime = await openTestRuntime({
      extensions: makeExtensions(upstream.origin),
      logLevel: 'silent',
      options: {
        database: url.href,
        services: { CounterService: makeCounter(seen.service) },
        egress: { internalOrigins: [upstream.origin] },
        ledger: { file, rotateMb: 16, ringSize: 1_000 },
      },
    });
    try {
      assert.deepEqual(
        runtime.runtime.refused().map(({ error }) => error.message),
        [],
      );
      statuses = await runLoad(runtime, requests, connections);
    } finally {
      await runtime.close();
    }
    seen.postgres = proxy.counts;
    seen.upstream = countSeen(urls);
    await takeEntries();
  },
  { timeout: 60_000 + requests * 200 },
);
after(async () => {
  await upstream?.close();
  await proxy?.close();
  await database?.close();
  await folder?.remove();
});

const total = (counts: Counts): number => [...counts.values()].reduce((sum, one) => sum + one, 0);

describe(`after ${requests} requests with kills`, () => {
  test('there was a load, with answers, failures and kills in it', (context) => {
    context.diagnostic(`answers by status: ${JSON.stringify(Object.fromEntries([...statuses].sort()))}; ends of cells and wards: ${kills}`);
    assert.equal(
      [...statuses.values()].reduce((sum, one) => sum + one, 0),
      requests,
    );
    assert.ok((statuses.get(200) ?? 0) > requests / 4);
    assert.ok((statuses.get(504) ?? 0) > 0);
    assert.ok(kills > 0);
    assert.ok(folded > 0);
  });
  for (const resource of ['postgres', 'service', 'upstream'] as const) {
    test(`every call that ${resource} saw is on the ledger, and every one that ended well was seen, one to one`, (context) => {
      const byRequest = new Map<number, { allowed: number; done: number }>();
      for (const { request, allowed, outcome } of calls[resource]) {
        const facts = byRequest.get(request) ?? { allowed: 0, done: 0 };
        byRequest.set(request, facts);
        if (allowed) facts.allowed += 1;
        if (outcome === 'ok') facts.done += 1;
      }
      const wrong: string[] = [];
      for (const request of new Set([...byRequest.keys(), ...seen[resource].keys()])) {
        const { allowed = 0, done = 0 } = byRequest.get(request) ?? {};
        const count = countOf(seen[resource], request);
        if (count < done || count > allowed) wrong.push(`request ${request}: ${done} done, ${count} seen, ${allowed} allowed`);
      }
      const allowed = calls[resource].filter((one) => one.allowed).length;
      const done = calls[resource].filter(({ outcome }) => outcome === 'ok').length;
      context.diagnostic(
        `${resource}: ${allowed} allowed on the ledger, ${done} of them ended well, ${total(seen[resource])} seen; ${allowed - done} were given up on their way`,
      );
      assert.deepEqual(wrong.slice(0, 10), []);
      assert.ok(done > requests / 10);
    });
    test(`every allowed call to ${resource} has one end`, () =>
      assert.deepEqual(calls[resource].filter(({ allowed, ends }) => allowed && ends !== 1).length, 0));
  }
  test('every request has one end, and its start before all that it did', () => {
    const odd = [...requestsOnLedger].filter(([id, { starts, ends }]) => !id.includes('register') && (ends !== 1 || starts > 1));
    assert.deepEqual(odd.slice(0, 10), []);
    assert.deepEqual(late, []);
    // A client that leaves at once may have sent nothing.
    assert.ok(requestsOnLedger.size >= requests - (statuses.get(0) ?? 0));
  });
  test('the chain holds over all its files', async () => {
    const verdict = await verifyLedger(file);
    assert.equal(verdict.ok, true, JSON.stringify(verdict));
  });
});
