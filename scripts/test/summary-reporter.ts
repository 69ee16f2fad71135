// A node:test reporter that writes one file's counts as one JSON line, for scripts/test.ts to add up. Must never count a test twice.
import type { TestEvent } from 'node:test/reporters';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

export default async function* summarize(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  // A hook of the whole file that fails counts as no test, and node calls the run a success all the same: it is told by the file's own name.
  let fileFailed = false;
  for await (const event of source) {
    if (event.type === 'test:fail' && event.data.name === event.data.file) fileFailed = true;
    if (event.type !== 'test:summary') continue;
    const { passed, tests } = event.data.counts;
    // What was skipped, postponed or cut off has shown nothing, so it has not passed; a failed hook fails no test of its own.
    const counts: Counts = { passed, failed: Math.max(tests - passed, event.data.success && !fileFailed ? 0 : 1) };
    yield `${JSON.stringify(counts)}\n`;
  }
}
