// An extension sees in the isolate what it sees in plain Express of the same version: the same source runs in both, and the answers are compared.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { bodyCases } from './express-body-cases.ts';
import type { ExpressCase } from './express-case.ts';
import { commonCases } from './express-common-cases.ts';
import { versionCases } from './express-version-cases.ts';
import { type Answer, type Guest, openGuest, type RequestSpec } from './guest.ts';
import { openPlain } from './plain.ts';

/** The host's part of a response: it frames the body, dates and tags it, and names the server. */
const framing = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding', 'etag', 'x-powered-by']);

const comparable = (answer: Answer, other: Answer): object => {
  // What the routes set before they passed it on is the host's to keep or drop.
  const isPassedOn = answer.form === 'passed on' || other.form === 'passed on';
  const names = isPassedOn
    ? []
    : Object.keys(answer.headers).filter((name) => !framing.has(name) && !(name === 'content-length' && other.headers[name] === undefined));
  return {
    status: answer.status,
    headers: Object.fromEntries(names.sort().map((name) => [name, answer.headers[name]])),
    body: answer.body,
  };
};

const compareAnswers = (guest: Answer, plain: Answer, what: RequestSpec): void => {
  assert.deepEqual(
    comparable(guest, plain),
    comparable(plain, guest),
    `${what.method ?? 'GET'} ${what.path} ${JSON.stringify(what.headers ?? {})} ${String(what.body ?? '')}`,
  );
};

/** What set-up returned or how it failed, so that registration errors are compared too. */
const outcome = async (run: Promise<unknown>): Promise<unknown> => {
  try {
    return (await run) ?? null;
  } catch (error) {
    return { threw: (error as Error).name };
  }
};

for (const version of [4, 5] as const) {
  describe(`Express ${version} in the isolate`, () => {
    const open = new Set<Guest>();
    const openOne = async (): Promise<Guest> => {
      const guest = await openGuest(version);
      open.add(guest);
      return guest;
    };
    let shared: Guest;
    before(async () => {
      shared = await openOne();
    });
    after(async () => {
      for (const guest of open) await guest.close();
    });

    /** Each case has an application of its own. */
    const compare = async ({ setup, requests }: ExpressCase, mode?: 'stream'): Promise<void> => {
      const plain = await openPlain(version);
      try {
        const [inGuest, outside] = await Promise.all([
          outcome(shared.run(`const made = express(); made.set('env', 'production'); __answering.app = app = made; ${setup}`)),
          outcome(plain.run(setup)),
        ]);
        assert.deepEqual(inGuest, outside);
        for (const spec of requests) {
          const streamed = mode === 'stream' && spec.body !== undefined;
          const id = shared.begin(spec, streamed ? 'stream' : undefined);
          if (streamed)
            for (const byte of [...Buffer.from(spec.body as string | Buffer).values()].map((value) => Buffer.of(value)))
              shared.send('push', id, '', byte);
          if (streamed) shared.send('push', id);
          compareAnswers(await shared.answer(id), await plain.request(spec), spec);
        }
      } finally {
        await plain.close();
      }
    };

    for (const entry of [...versionCases, ...commonCases, ...bodyCases]) test(entry.name, () => compare(entry));
    for (const entry of bodyCases) test(`${entry.name}, with the body byte by byte`, () => compare(entry, 'stream'));

    // Deliberate differences: an isolate has no files, no zlib and no tables of legacy charsets.
    const fails = (name: string, setup: string, spec: RequestSpec, status: number, message: RegExp): void => {
      test(name, async () => {
        await shared.run(
          `const made = express(); __answering.app = app = made; ${setup}; app.use((error, req, res, next) => res.status(error.status ?? 500).json([error.code ?? error.type, error.message]))`,
        );
        const answer = await shared.request(spec);
        assert.equal(answer.status, status);
        assert.match(answer.body, message);
      });
    };
    const post = (headers: Record<string, string>, body: string | Buffer): RequestSpec => ({ method: 'POST', path: '/b', headers, body });
    const parse = `app.post('/b', express.json(), express.text(), (req, res) => res.send('parsed'))`;
    const packed = (bytes: Buffer): RequestSpec => post({ 'content-type': 'application/json', 'content-encoding': 'gzip' }, bytes);
    fails(
      'a compressed body that is cut short is refused with 400',
      parse,
      packed(gzipSync('{"a":1}').subarray(0, 12)),
      400,
      /Z_BUF_ERROR|end of/,
    );
    fails(
      'a compressed body that unpacks to more than the limit is refused with 413',
      parse,
      packed(gzipSync(`"${'x'.repeat(200_000)}"`)),
      413,
      /too large/,
    );
    fails(
      'an encoding that nobody knows is refused with 415',
      parse,
      post({ 'content-type': 'text/plain', 'content-encoding': 'zip' }, 'x'),
      415,
      /encoding/,
    );
    test('a compressed body is unpacked', async () => {
      await shared.run(
        `const made = express(); __answering.app = app = made; app.post('/b', express.json(), (req, res) => res.send(req.body))`,
      );
      for (const [encoding, bytes] of [
        ['gzip', gzipSync('{"a":1}')],
        ['deflate', deflateSync('{"a":1}')],
      ] as const)
        assert.equal(
          (await shared.request(post({ 'content-type': 'application/json', 'content-encoding': encoding }, bytes))).body,
          '{"a":1}',
        );
    });
    fails('a legacy charset is refused with 415', parse, post({ 'content-type': 'text/plain; charset=shift_jis' }, 'x'), 415, /charset/);
    fails(
      'res.sendFile says there are no files',
      `app.get('/f', (req, res) => res.sendFile('/etc/passwd'))`,
      { path: '/f' },
      500,
      /ERR_CAPABILITY_NOT_GRANTED.*no file system/,
    );
    fails(
      'res.download says there are no files',
      `app.get('/f', (req, res) => res.download('/etc/passwd'))`,
      { path: '/f' },
      500,
      /ERR_CAPABILITY_NOT_GRANTED.*no file system/,
    );
    fails(
      'res.render says there are no files',
      `app.set('view engine', 'ejs'); app.get('/f', (req, res) => res.render('index'))`,
      { path: '/f' },
      500,
      /ERR_CAPABILITY_NOT_GRANTED.*no file system/,
    );
  });
}
