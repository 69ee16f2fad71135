// The host fed by clients that write what they like, byte by byte: it lives, serves nothing that a strict reader of HTTP would not take for a request, shows no extension a credential, and its neighbour is always served. Must never use a client that tidies up.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeRandom, readSeed } from '../helpers/random.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';
import { makeRawRequests } from './raw-requests.ts';
import { readStrictly } from './strict-reader.ts';

const seconds = Number(process.env['CLOISTER_FUZZ_SECONDS'] ?? 2);
const atOnce = 8;
const perRound = 200;
/** Enough for a host that is well, however busy the machine. */
const neighbourMs = 30_000;

/** Says aloud when it sees what it was not granted. */
const source = `
const plain = new Set(['connection', 'transfer-encoding', 'authorization', 'cookie', 'proxy-authorization', 'x-api-key', 'x-auth-token', 'set-cookie', 'forwarded', 'x-forwarded-for', 'x-internal-user', 'upgrade', 'te', 'trailer', '__proto__', 'constructor']);
export default (router, { logger }) => {
  router.use((req, res) => {
    const names = [...req.rawHeaders.filter((_, index) => index % 2 === 0), ...Object.keys(req.headers)].map((name) => name.toLowerCase());
    if (names.some((name) => plain.has(name)) || JSON.stringify([req.headers, req.url, req.hostname]).includes('canary-77')) logger.error('saw ' + names.join());
    if (req.ip !== '127.0.0.1' || req.protocol !== 'http' || ({}).polluted !== undefined) logger.error('was told otherwise');
    res.json({ method: req.method });
  });
};`;

const faults: unknown[] = [];
const note = (error: unknown): void => void faults.push(error);
let runtime: TestRuntime;
before(async () => {
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
  const limits = { bodyInBytes: 100_000, concurrentRequests: 64 };
  runtime = await openTestRuntime({
    extensions: { one: extension(source, { limits }), two: extension(source, { limits }), good: extension(source) },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(async () => {
  await runtime.close();
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
});

const markerIn = (path: string): string => /\/([rs][0-9a-f]{8})(?![0-9a-f])/.exec(path)?.[1] ?? '';
const statusLine = /(?:^|\n|\})HTTP\/1\.1 (\d{3}) /g;

interface Talk {
  readonly said: string;
  readonly statuses: readonly string[];
}

/** Writes, in one piece or in several, and hears what comes until as much came as can come. */
const talk = async (said: string, pieces: number): Promise<Talk> => {
  const expected = readStrictly(said);
  const answers = expected.requests.length + (expected.end === 'invalid' ? 1 : 0);
  const socket = await runtime.connect();
  let heard = '';
  let closed = false;
  socket.on('error', () => undefined);
  socket.on('close', () => {
    closed = true;
  });
  socket.on('data', (part) => {
    heard += part.toString('latin1');
  });
  const bytes = Buffer.from(said, 'latin1');
  const step = Math.ceil(bytes.length / pieces);
  for (let at = 0; at < bytes.length && !closed; at += step) {
    socket.write(bytes.subarray(at, at + step));
    if (pieces > 1) await sleep(1);
  }
  const statuses = (): readonly string[] =>
    [...heard.matchAll(statusLine)].map(([, status = '']) => status).filter((status) => !status.startsWith('1'));
  for (let turn = 0; turn < 30 && !closed && statuses().length < Math.max(1, answers); turn += 1) await sleep(5);
  socket.destroy();
  return { said, statuses: statuses() };
};

const isServed = async (): Promise<void> => {
  const answered = await Promise.race([runtime.get('/good').catch((error: unknown) => error), sleep(neighbourMs, null, { ref: false })]);
  assert.equal((answered as { readonly status?: number } | null)?.status, 200, String(answered));
};

/** Against what a strict reader takes for requests: each at most once, and no other. */
const checkRound = async (talks: readonly Talk[], from: number): Promise<number> => {
  await waitUntil('nothing runs', () => runtime.runtime.health().requests === 0, 30_000);
  const allowed = new Map<string, { left: number; readonly said: string }>();
  for (const { said, statuses } of talks) {
    const { requests } = readStrictly(said);
    for (const { target } of requests) {
      const marker = markerIn(target);
      if (marker !== '') allowed.set(marker, { left: (allowed.get(marker)?.left ?? 0) + 1, said });
    }
    const shown = `${JSON.stringify(said.slice(0, 3_000))} → ${statuses.join()}`;
    // One more is the parser's own, which closes: what it does not like may stand behind what was answered.
    const own = statuses.length > requests.length ? statuses.slice(requests.length) : [];
    assert.ok(own.length <= 1 && own.every((status) => status.startsWith('4')), `more answers than requests: ${shown}`);
    for (const status of statuses) assert.match(status, /^(?:200|4\d\d|503|505)$/, shown);
  }
  const served = runtime.entries('request.end').filter(({ sequence, path }) => sequence > from && markerIn(path) !== '');
  for (const { path, method } of served) {
    const known = allowed.get(markerIn(path));
    if (known === undefined)
      assert.fail(
        `served and never asked for: ${method} ${path} in ${JSON.stringify(talks.find(({ said }) => said.includes(markerIn(path)))?.said)}`,
      );
    known.left -= 1;
    assert.ok(known.left >= 0, `served twice: ${path} of ${JSON.stringify(known.said)}`);
    assert.match(path, /^\/(?:one|two)(?:\/|$)/);
  }
  return served.length;
};

describe('clients that write what they like', () => {
  test(`for ${seconds} s`, { timeout: seconds * 1_000 + 180_000 }, async () => {
    const random = makeRandom(readSeed());
    const next = makeRawRequests(random);
    const counts = { connections: 0, served: 0, answers: 0, refused: 0, neighbour: 0 };
    const until = performance.now() + seconds * 1_000;
    // A busy machine gets longer, so that enough comes through.
    const enough = (): boolean => counts.served > 20 && counts.refused > 20;
    while (performance.now() < until || (!enough() && performance.now() < until + 60_000)) {
      const from = runtime.runtime.ledger().at(-1)?.sequence ?? 0;
      const talks: Talk[] = [];
      let left = perRound;
      const work = async (): Promise<void> => {
        while (left-- > 0 && (performance.now() < until || !enough()))
          talks.push(await talk(next(), random() < 0.2 ? 2 + Math.floor(random() * 4) : 1));
      };
      const watch = async (): Promise<void> => {
        while (left > 0 && performance.now() < until) {
          await isServed();
          counts.neighbour += 1;
          await sleep(20);
        }
      };
      await Promise.all([watch(), ...Array.from({ length: atOnce }, work)]);
      counts.connections += talks.length;
      counts.answers += talks.reduce((sum, { statuses }) => sum + statuses.length, 0);
      counts.refused += talks.reduce((sum, { statuses }) => sum + statuses.filter((status) => status.startsWith('4')).length, 0);
      counts.served += await checkRound(talks, from);
      await isServed();
      assert.deepEqual(faults, []);
      assert.deepEqual(
        runtime.logs.filter(({ level }) => Number(level) >= 50),
        [],
      );
    }
    console.log(JSON.stringify(counts));
    assert.ok(enough(), 'too little comes through, or is refused, for this to say anything');
    assert.equal(({} as Readonly<Record<string, unknown>>)['polluted'], undefined);
  });
});

describe('the strict reader itself', () => {
  const rows: readonly (readonly [string, string, number, string])[] = [
    ['two requests are two', 'GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n', 2, 'whole'],
    ['a body is none', 'POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nGET GET /b HTTP/1.1\r\n\r\n', 2, 'whole'],
    ['chunks are one', 'POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n0\r\nT: x\r\n\r\n', 1, 'whole'],
    ['both lengths are none', 'POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n', 0, 'invalid'],
    ['a folded line is none', 'GET /a HTTP/1.1\r\nA: b\r\n c\r\n\r\n', 0, 'invalid'],
    ['a lone line feed is none', 'GET /a HTTP/1.1\nA: b\n\n', 0, 'invalid'],
    ['half a head is not yet', 'GET /a HTTP/1.1\r\nA: b', 0, 'cut'],
  ];
  for (const [name, text, count, end] of rows)
    test(name, () => {
      const read = readStrictly(text);
      assert.deepEqual([read.requests.length, read.end], [count, end]);
    });
});
