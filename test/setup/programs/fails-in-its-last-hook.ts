// A test file whose tests pass and whose own last hook fails: what a test of the runner runs. Must never be found as a test.
import { after, test } from 'node:test';

after(() => {
  throw new Error('something is left');
});
test('passes', () => undefined);
