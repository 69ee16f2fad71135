// `npm run mutations [-- --jobs 2 --minutes 9 --fresh part-of-a-name …]`: takes each defence of test/mutations/list.ts away in a copy of the sources and shows that a test notices. What was tried before as it stands is not tried again. Must never change the sources it was started from.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mutations } from '../test/mutations/list.ts';
import { type Attempt, openCopy } from './mutations/attempt.ts';
import { openBook } from './mutations/book.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: { jobs: { type: 'string' }, minutes: { type: 'string' }, fresh: { type: 'boolean' } },
});
const jobs = Number(values.jobs ?? 2);
const minutes = Number(values.minutes ?? Number.POSITIVE_INFINITY);
if (!Number.isInteger(jobs) || jobs < 1 || !(minutes > 0))
  throw new Error('usage: npm run mutations -- [--jobs N] [--minutes N] [--fresh] [part-of-a-name …]');

const book = openBook(root, join(root, '.cloister', 'mutations.json'), values.fresh === true);
const chosen = mutations.filter(({ name }) => filters.length === 0 || filters.some((filter) => name.includes(filter)));
const queue = chosen.filter((mutation) => book.find(mutation) === undefined);
const known = chosen.length - queue.length;
if (known > 0) console.log(`${String(known)} were tried before, as they stand (--fresh tries them again)`);

const show = (name: string, { outcome, detail }: Attempt): void => console.log(`${outcome.padEnd(10)} ${name}\n           ${detail}`);
const startedAt = performance.now();
const end = startedAt + minutes * 60_000;
/** None is begun that would not end in time, as far as those before it tell. */
let longestMs = 0;

const work = async (): Promise<void> => {
  const copy = openCopy(root);
  try {
    while (performance.now() + longestMs < end) {
      const mutation = queue.shift();
      if (mutation === undefined) return;
      const began = performance.now();
      const attempt = await copy.attempt(mutation);
      longestMs = Math.max(longestMs, performance.now() - began);
      book.note(mutation, attempt);
      show(mutation.name, attempt);
    }
  } finally {
    copy.remove();
  }
};
await Promise.all(Array.from({ length: Math.min(jobs, queue.length) }, work));

const counts = new Map<string, number>();
for (const mutation of chosen) {
  const attempt = book.find(mutation);
  const outcome = attempt?.outcome ?? 'not tried';
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  if (attempt !== undefined && outcome !== 'caught' && outcome !== 'by clock') show(mutation.name, attempt);
}
const guarded = (counts.get('caught') ?? 0) + (counts.get('by clock') ?? 0);
for (const [outcome, count] of counts) console.log(`${outcome.padEnd(10)} ${String(count)}`);
console.log(
  `${String(guarded)} of ${String(chosen.length)} defences are guarded, in ${String(Math.round((performance.now() - startedAt) / 1_000))} s`,
);
process.exitCode = guarded === chosen.length ? 0 : 1;
