// Proves of extensions that the least manifest is enough and not more than enough: learned in audit, enforced, the same answers; without any line of it something fails. Must never name a grant by hand.
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { auditSuggest } from '../../src/audit/library.ts';
import { writeToPackage } from '../../src/audit/write-suggestion.ts';
import { makeMailService } from '../../src/cli/demo/mail-service.ts';
import type { Manifest } from '../../src/config/manifest.ts';
import type { CloisterOptions } from '../../src/options.ts';
import { openTemporaryFolder, type TemporaryFolder } from '../packages/package-writer.ts';
import { copyExample, exampleLoads, type Load, makeCeiling, samples, seed, setUp } from './least-privilege-packages.ts';
import { openTestDatabase, type TestDatabase } from './postgres.ts';
import { openTestRuntime, type TestRuntime, waitUntil } from './runtime.ts';
import { thinned } from './thinned.ts';
import { openUpstream, type Upstream } from './upstream.ts';

/** What one replay of an extension's load came to. */
interface Outcome {
  readonly answers: readonly (readonly [path: string, status: number, type: string, text: string])[];
  readonly lines: readonly string[];
  readonly denied: readonly string[];
}

interface Variant {
  readonly id: string;
  readonly as: string;
  readonly line: string;
  readonly capabilities: unknown;
}

const allLoads = new Map<string, Load>([
  ...Object.entries(exampleLoads),
  ...Object.entries(samples).map(([id, { load }]) => [id, load] as const),
]);

/** `fixed`: extensions that several of cannot be served beside each other, and those that they work with. */
export const proveLeast = (ids: readonly string[], fixed: ReadonlyMap<string, readonly string[]> = new Map()): void => {
  const loads = new Map(ids.map((id) => [id, allLoads.get(id) ?? []]));

  let database: TestDatabase;
  let admin: pg.Client;
  let upstream: Upstream;
  let packages: TemporaryFolder;
  let scratch: string;
  let audited: ReadonlyMap<string, Outcome>;
  const patienceMs = 600_000;
  const manifests = new Map<string, Manifest>();

  const optionsOf = (more: CloisterOptions, folders: NonNullable<CloisterOptions['extensions']>): CloisterOptions => ({
    extensions: folders,
    database: database.url,
    env: { GREETING: 'hello', PORT: 8055, MOTTO: 'less', UNREAD: 'x', UPSTREAM: upstream.origin },
    services: { MailService: makeMailService({ warn: () => undefined }) },
    egress: { internalOrigins: [upstream.origin] },
    // Time belongs to the machine these tests run on; the other budgets are as suggested.
    limits: { cpuMs: 5_000, wallMs: 30_000, registerMs: 30_000 },
    ...more,
  });

  /** What a guest wrote: a line of the host's own has no request. */
  const isOf = (id: string) => (line: Readonly<Record<string, unknown>>) => line['extension'] === id && line['request'] !== undefined;

  /** Times differ from run to run. */
  const maskTimes = (text: string): string => text.replace(/"upMs":\d+/, '"upMs":0');

  /** `as`: what the extension is called in this runtime. */
  const replayOne = async (runtime: TestRuntime, id: string, as: string): Promise<Outcome['answers']> => {
    const answers: Outcome['answers'][number][] = [];
    for (const [path, request] of loads.get(id) ?? []) {
      const { status, headers, text } = await runtime.request(path.replace(`/${id}`, `/${as}`), request);
      answers.push([path, status, String(headers['content-type']), maskTimes(text)]);
    }
    return answers;
  };

  const outcomeOf = (runtime: TestRuntime, as: string, answers: Outcome['answers']): Outcome => ({
    answers,
    lines: runtime.logs.filter(isOf(as)).map((line) => `${String(line['level'])} ${String(line['msg'])}`),
    denied: runtime
      .entries('call.start')
      .filter((one) => one.extension === as && one.decision !== 'allow')
      .map((one) => `${one.decision} ${one.capability}.${one.method} by ${one.rule}`),
  });

  /** Listeners of actions run after the answer of who emitted. */
  const settle = async (runtime: TestRuntime): Promise<void> => {
    await waitUntil('the end of everything', () => runtime.runtime.health().requests === 0);
    await sleep(200);
    await waitUntil('the end of everything', () => runtime.runtime.health().requests === 0);
  };

  const replay = async (runtime: TestRuntime): Promise<ReadonlyMap<string, Outcome>> => {
    const answers = new Map<string, Outcome['answers']>();
    for (const id of loads.keys()) {
      await admin.query(seed);
      answers.set(id, await replayOne(runtime, id, id));
    }
    await settle(runtime);
    return new Map([...answers].map(([id, given]) => [id, outcomeOf(runtime, id, given)]));
  };

  /** Every entry of a list and every key that is `true` or empty is a line: the manifest without it, one by one. */
  const withoutLine = (value: unknown): readonly (readonly [line: string, rest: unknown])[] => {
    if (Array.isArray(value)) return value.map((item, index) => [String(item), value.filter((_, at) => at !== index)]);
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]): readonly (readonly [string, unknown])[] => {
      const { [key]: _, ...others } = value as Record<string, unknown>;
      const isLeaf =
        inner === true || (typeof inner === 'object' && inner !== null && !Array.isArray(inner) && Object.keys(inner).length === 0);
      if (isLeaf) return [[key, others]];
      return withoutLine(inner).map(([line, rest]) => [`${key} ${line}`, { ...value, [key]: rest }] as const);
    });
  };

  const openWith = async (more: CloisterOptions, folders: NonNullable<CloisterOptions['extensions']>): Promise<TestRuntime> =>
    openTestRuntime({ extensions: {}, options: optionsOf(more, folders), logLevel: 'trace' });

  const foldersIn = (root: string): readonly string[] => [...loads.keys()].map((id) => join(root, id));

  before(async () => {
    database = await openTestDatabase(`${await readFile(join(import.meta.dirname, '../../extensions/demo.sql'), 'utf8')}\n${setUp}`);
    admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    upstream = await openUpstream(({ method, url, headers }, response) => response.end(`${method} ${url} ${String(headers['x-shop'])}`));
    packages = await openTemporaryFolder();
    scratch = await mkdtemp(join(tmpdir(), 'cloister-least-'));
    for (const id of Object.keys(exampleLoads).filter((one) => loads.has(one))) await copyExample(id, join(packages.root, id));
    for (const [id, { files }] of Object.entries(samples).filter(([one]) => loads.has(one)))
      await packages.write(Object.fromEntries(Object.entries(files).map(([name, content]) => [`${id}/${name}`, content])));
    const ledger = join(scratch, 'ledger.ndjson');
    const runtime = await openWith(
      { mode: 'audit', approvals: {}, ceiling: { capabilities: makeCeiling(upstream.origin) }, ledger: { file: ledger } },
      foldersIn(packages.root),
    );
    try {
      audited = await replay(runtime);
    } finally {
      await runtime.close();
    }
    for (const id of loads.keys()) {
      const suggestion = await auditSuggest(id, { ledger });
      await writeToPackage(suggestion.folder, suggestion.manifest);
      manifests.set(id, suggestion.manifest);
    }
  });
  after(async () => {
    await admin.end();
    await upstream.close();
    await database.close();
    await packages.remove();
    await rm(scratch, { recursive: true, force: true });
  });

  test('in audit every extension is served, and what it used would have been denied', () => {
    for (const [id, { answers, denied }] of audited) {
      for (const [path, status, , text] of answers)
        assert.ok(status < 400 || /999999|inner|throws/.test(path), `${id}: ${path} ${status} ${text}`);
      assert.deepEqual(
        denied.filter((one) => one.startsWith('deny')),
        [],
        id,
      );
    }
  });

  describe('under the manifest that was suggested', () => {
    let enforced: ReadonlyMap<string, Outcome>;
    before(async () => {
      const runtime = await openWith({ approvals: 'requested' }, foldersIn(packages.root));
      try {
        assert.deepEqual(
          runtime.runtime.refused().map(({ error }) => error.message),
          [],
        );
        enforced = await replay(runtime);
      } finally {
        await runtime.close();
      }
    });
    for (const id of loads.keys()) {
      test(`${id} answers the same, and nothing of it is denied`, () => {
        assert.deepEqual(enforced.get(id)?.answers, audited.get(id)?.answers);
        assert.deepEqual(enforced.get(id)?.lines, audited.get(id)?.lines);
        assert.deepEqual(enforced.get(id)?.denied, []);
      });
    }
  });

  const isLess = (found: Outcome, { id }: Variant): boolean => {
    const whole = audited.get(id);
    return found.denied.length > 0 || JSON.stringify([found.answers, found.lines]) !== JSON.stringify([whole?.answers, whole?.lines]);
  };

  /** Serves variants beside each other, and the unchanged packages that they need. Gives the lines that nothing missed. */
  const tryWithout = async (variants: readonly Variant[], unchanged: readonly string[]): Promise<readonly string[]> => {
    const root = await mkdtemp(join(scratch, 'without-'));
    const folders = unchanged.map((id) => ({ folder: join(packages.root, id), id }));
    for (const { id, as, capabilities } of variants) {
      const folder = join(root, as);
      await cp(join(packages.root, id), folder, { recursive: true });
      const file = join(folder, 'package.json');
      const json = JSON.parse(await readFile(file, 'utf8')) as { readonly cloister: object };
      await writeFile(file, JSON.stringify({ ...json, cloister: { ...json.cloister, capabilities } }));
      folders.push({ folder, id: as });
    }
    const runtime = await openWith({ approvals: 'requested' }, folders);
    try {
      const answers = new Map<string, Outcome['answers']>();
      for (const { id, as } of variants) {
        await admin.query(seed);
        answers.set(as, await replayOne(runtime, id, as));
      }
      for (const id of unchanged) await replayOne(runtime, id, id);
      await settle(runtime);
      const isRefused = (as: string): boolean => runtime.runtime.refused().some(({ error }) => error.details['extension'] === as);
      return variants
        .filter((one) => !isRefused(one.as) && !isLess(outcomeOf(runtime, one.as, answers.get(one.as) ?? []), one))
        .map(({ id, line }) => `${id}: ${line}`);
    } finally {
      await runtime.close();
      await rm(root, { recursive: true, force: true });
    }
  };

  /** Connections to the database, and cells, are not without end. */
  const together = 12;

  describe('without any single line of it', () => {
    const without = (id: string, as: (index: number) => string): readonly Variant[] =>
      withoutLine(manifests.get(id)?.capabilities).map(([line, capabilities], index) => ({ id, as: as(index), line, capabilities }));

    const own = ids.filter((id) => !fixed.has(id));
    const tryAll = async (): Promise<void> => {
      const variants = own.flatMap((id) => without(id, (index) => `${id}-${index}`));
      const survived: string[] = [];
      const tried = thinned(variants, 3);
      for (let at = 0; at < tried.length; at += together) survived.push(...(await tryWithout(tried.slice(at, at + together), [])));
      assert.deepEqual(survived, [], `of ${variants.length} lines`);
      assert.ok(variants.length >= 2 * own.length, `${variants.length} lines`);
    };
    if (own.length > 0) test(`something fails of ${own.join(', ')}`, { timeout: patienceMs }, tryAll);
    for (const [id, unchanged] of fixed)
      test(`something fails of ${id}, whose name is its own`, { timeout: patienceMs }, async () => {
        const survived: string[] = [];
        for (const variant of thinned(
          without(id, () => id),
          3,
        ))
          survived.push(...(await tryWithout([variant], unchanged)));
        assert.deepEqual(survived, []);
      });
  });
};
