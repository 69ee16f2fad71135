// Builds the package: JavaScript and types of src/, the sandbox bundles, the manifest's schema. Must never change a source.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const run = (command: string, ...args: readonly string[]): void => {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  console.error(`${command} ${args.join(' ')} failed${error === undefined ? '' : `: ${error.message}`}`);
  process.exit(1);
};

// The bundles are built only when a source of theirs is newer: what runs from this checkout keeps its files.
run(process.execPath, 'scripts/prepare.mjs');
for (const folder of ['src', 'sandbox/protocol', 'sandbox/sdk']) rmSync(join(root, 'dist', folder), { recursive: true, force: true });
run(join(root, 'node_modules/.bin/tsc'), '-p', 'scripts/tsconfig.build.json');
run(join(root, 'node_modules/.bin/tsc'), '-p', 'scripts/tsconfig.sdk.json');
// Not at the top: they import what prepare.mjs bundles.
const { makeRegistry } = await import('../src/capabilities/registry.ts');
const { manifestSchemaJson } = await import('../src/config/manifest.ts');
writeFileSync(join(root, 'dist/manifest.schema.json'), manifestSchemaJson(makeRegistry().map(({ capability }) => capability.contract)));
