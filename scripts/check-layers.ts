// The lint step for the one-way imports. Prints each breach with its reason; must never pass over a file it could not read.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findViolations } from './layers/check.ts';
import { readImports } from './layers/edges.ts';

const { edges, files, unseen } = readImports(dirname(dirname(fileURLToPath(import.meta.url))));
const violations = findViolations(edges);
for (const { rule, from, to, reason } of violations) console.error(`${from} → ${to}\n    ${rule}: ${reason}`);
for (const file of unseen) console.error(`${file}\n    not-covered: no tsconfig includes it, so its imports and types are unchecked.`);
console.log(`${files.length} files, ${edges.length} imports, ${violations.length + unseen.length} against the layers`);
process.exitCode = violations.length + unseen.length === 0 ? 0 : 1;
