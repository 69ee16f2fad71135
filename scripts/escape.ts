// `npm run test:escape`: every attack, whole, class by class, with how many were held. Must never leave a class out because it takes long.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** As the classes of threats are named in SECURITY.md's promises; test files by parts of their paths. */
const classes: readonly (readonly [name: string, parts: readonly string[]])[] = [
  ['realm, bridge and prototypes', ['test/escape/closed', 'test/escape/patched-intrinsics', 'test/escape/ward-process']],
  ['ends and wedges of the engine', ['test/escape/survival']],
  ['limits', ['test/limits']],
  ['database', ['test/escape/database']],
  ['fetch', ['test/escape/egress', 'src/capabilities/fetch']],
  ['HTTP', ['test/escape/http', 'test/flow/response-guards', 'test/flow/hostile.test']],
  ['tenants and requests', ['test/flow/tenants', 'test/flow/hostile-tenants', 'test/flow/context', 'test/isolation']],
  ['packages', ['test/packages', 'test/escape/packages']],
  ['ledger', ['test/ledger']],
  ['fuzz', ['test/fuzz']],
];

const startedAt = performance.now();
let missed = 0;
const lines: string[] = [];
for (const [name, parts] of classes) {
  const { stdout } = spawnSync(process.execPath, [join(import.meta.dirname, 'test.ts'), ...parts], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, CLOISTER_TEST_WHOLE: '1', CLOISTER_TEST_PATIENCE: '4' },
  });
  const [, passed = '0', failed = '1'] = /(\d+) passed, (\d+) failed\s*$/.exec(stdout) ?? [];
  if (failed !== '0') console.log(stdout);
  missed += Number(failed);
  lines.push(`${name.padEnd(32)} ${String(Number(passed) + Number(failed)).padStart(6)} cases ${passed.padStart(6)} held`);
  console.log(lines.at(-1));
}
console.log(`\n${lines.join('\n')}\nin ${Math.round((performance.now() - startedAt) / 1_000)} s, ${missed} not held`);
process.exitCode = missed === 0 ? 0 : 1;
