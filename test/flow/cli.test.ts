// `cloister` as an operator types it: what it says, what it serves, what it leaves behind. Must never leave a process running.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { usage } from '../../src/cli/usage.ts';
import { endCommands, type Outcome, openWarmCommands, runCommand, type StartedCommand, startCommand } from '../helpers/commands.ts';

const root = join(import.meta.dirname, '../..');
/** A busy machine starts a process in seconds. */
const patienceMs = 120_000;
const warm = openWarmCommands();
const run = (args: readonly string[]): StartedCommand => startCommand(args, root);

const waitFor = async ({ said, child }: StartedCommand, pattern: RegExp): Promise<RegExpExecArray> => {
  for (const until = performance.now() + patienceMs; performance.now() < until; await sleep(20)) {
    const found = pattern.exec(said());
    if (found !== null) return found;
    if (child.exitCode !== null) break;
  }
  throw new Error(`it never said ${pattern}, but: ${said()}`);
};

/** Processes whose parent is `pid`. */
const childrenOf = (pid: number): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1] === String(pid);
      } catch {
        return false;
      }
    })
    .map(Number);
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloister-cli-'));
  await writeFile(join(folder, 'config.json'), JSON.stringify({ extensions: [join(root, 'extensions/greet')], server: { port: 0 } }));
  await writeFile(join(folder, 'unknown.json'), JSON.stringify({ extentions: [] }));
  await writeFile(join(folder, 'broken.json'), '{ "extensions": [');
});
// A test that failed must not leave its process, which would keep this one waiting for ever.
afterEach(endCommands);
after(async () => {
  await warm.close();
  await rm(folder, { recursive: true, force: true });
});

const assertSays = ({ code, out, err }: Outcome, expected: number, says: RegExp): void => {
  assert.equal(code, expected, out + err);
  assert.match(out + err, says);
  assert.doesNotMatch(out + err, /\n\s+at .*:\d+:\d+/, 'no stack for a mistake of the operator');
};

describe('what it says', () => {
  const rows: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['--help names every command', ['--help'], 0, /serve[\s\S]*start[\s\S]*audit verify/],
    ['--version is the package’s', ['--version'], 0, /^\d+\.\d+\.\d+\n$/],
    ['an unknown command', ['sevre'], 2, /there is no command "sevre"; `cloister --help` lists them/],
    ['serve without a folder', ['serve'], 2, /there is nothing to serve; name a folder/],
    ['a folder that is not there', ['serve', '/nowhere'], 2, /serve \/nowhere: there is no such folder/],
    ['a file for a folder', ['serve', 'package.json'], 2, /serve package\.json: it is not a folder/],
    ['an unknown flag', ['serve', 'x', '--prot', '1'], 2, /Unknown option '--prot'/],
    ['start with a port that is none', ['start', '--port', 'x'], 2, /--port x: expected a whole number/],
    ['a port that is none', ['serve', 'extensions', '--port', '99999'], 2, /--port 99999: expected a whole number from 0 to 65535/],
    ['an approval that is none', ['serve', 'x', '--approve', 'all'], 2, /--approve all: expected "requested"/],
    ['a configuration file that is not there', ['serve', '--config', '/nowhere.json'], 2, /--config \/nowhere\.json: cannot be read/],
    ['a ledger to verify that is not there', ['audit', 'verify', '/nowhere.ndjson'], 2, /nowhere\.ndjson/],
    [
      'a running host and a configuration',
      ['status', '--host', 'http://127.0.0.1:1', '--config', 'x.json'],
      2,
      /--host http:\/\/127\.0\.0\.1:1: a running host goes by its own configuration; leave out --config, or/,
    ],
    ['audit without a word', ['audit'], 2, /usage: cloister audit verify\|tail\|show\|export/],
  ];
  for (const [name, args, code, says] of rows) test(name, async () => assertSays(await warm.run(args, root), code, says));
  test('a mistake, in a process of its own', async () => {
    assertSays(
      await runCommand(['serve', '--config', join(folder, 'unknown.json')]),
      2,
      /unknown\.json#: unknown key "extentions", did you/,
    );
  });
  test('a configuration file that is cut off', async () => {
    assertSays(await warm.run(['serve', '--config', join(folder, 'broken.json')]), 2, /broken\.json/);
  });
  test('every flag that is read is in the usage', () => {
    const sources = [
      'serve-options',
      'start',
      'author-commands',
      'dev-command',
      'audit-command',
      'database-command',
      'approvals-command',
    ].map((name) => readFileSync(join(root, `src/cli/${name}.ts`), 'utf8'));
    const pattern = /[{,\s]'?([a-z]+(?:-[a-z]+)*)'?: (?:\{ type: 'string' \}|text\b|flag\b)/g;
    const flags = new Set(sources.flatMap((source) => [...source.matchAll(pattern)].map((match) => match[1] ?? '')));
    for (const known of ['port', 'database-url', 'follow', 'passwords', 'admin-url', 'lock', 'grants']) assert.ok(flags.has(known), known);
    for (const flag of flags) assert.match(usage, new RegExp(`--${flag}\\b`));
  });
});

describe('what it serves', () => {
  const ledgerOf = (signal: string): string => join(folder, `${signal}.ndjson`);
  for (const [name, signal, args] of [
    ['a folder of extensions', 'SIGINT', () => [join(root, 'extensions/greet'), '--port', '0']],
    ['what the configuration file names', 'SIGTERM', () => ['--config', join(folder, 'config.json')]],
  ] as const)
    test(`${name}, until ${signal}, and leaves no process`, async () => {
      const it = run(['serve', ...args(), '--ledger', ledgerOf(signal)]);
      const [, url] = await waitFor(it, /on (http:\/\/127\.0\.0\.1:\d+)/);
      const response = await fetch(`${url}/greet/intro`);
      assert.deepEqual([response.status, await response.text()], [200, 'Nice to meet you.']);
      const wards = childrenOf(it.child.pid ?? 0);
      assert.ok(wards.length > 0, 'there are wards while it serves');
      it.child.kill(signal);
      assert.equal((await it.outcome).code, 0, it.said());
      assert.deepEqual(wards.filter(isAlive), []);
      assertSays(await warm.run(['audit', 'verify', ledgerOf(signal)]), 0, /"ok":true/);
    });
  test('one port and one ledger once: a second is told which it is, and the first goes on', async () => {
    const ledger = join(folder, 'once.ndjson');
    const greet = join(root, 'extensions/greet');
    const first = run(['serve', greet, '--port', '0', '--ledger', ledger]);
    const [, url] = await waitFor(first, /on (http:\/\/127\.0\.0\.1:\d+)/);
    const samePort = await warm.run(['serve', greet, '--port', new URL(url ?? '').port, '--ledger', ledger]);
    assertSays(samePort, 2, /port \d+ on 127\.0\.0\.1 is in use/);
    const sameLedger = await warm.run(['serve', greet, '--port', '0', '--ledger', ledger]);
    assert.notEqual(sameLedger.code, 0);
    assert.match(sameLedger.err, new RegExp(`once\\.ndjson.*process ${String(first.child.pid)} `));
    assert.equal((await fetch(`${url}/greet`)).status, 200);
    first.child.kill('SIGTERM');
    assert.equal((await first.outcome).code, 0, first.said());
    assertSays(await warm.run(['audit', 'verify', ledger]), 0, /"ok":true/);
  });
  test('wards end with a host that is killed', async () => {
    const it = run(['serve', join(root, 'extensions/greet'), '--port', '0']);
    await waitFor(it, /on http/);
    const wards = childrenOf(it.child.pid ?? 0);
    it.child.kill('SIGKILL');
    await it.outcome;
    for (const until = performance.now() + 5_000; wards.some(isAlive) && performance.now() < until; ) await sleep(20);
    assert.deepEqual(wards.filter(isAlive), []);
  });
});
