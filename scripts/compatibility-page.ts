// `npm run compatibility:page`: docs/compatibility.md from the committed results and differences, without a run. Must never fetch anything.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeCompatibilityPage } from '../test/compat/page.ts';
import type { Results } from '../test/compat/runner/results.ts';

const root = path.dirname(import.meta.dirname);
const results = JSON.parse(readFileSync(path.join(root, 'test/compat/results.json'), 'utf8')) as Results;
writeFileSync(path.join(root, 'docs/compatibility.md'), makeCompatibilityPage(results));
