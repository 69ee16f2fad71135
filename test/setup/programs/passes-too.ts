// A test file that passes, for a batch of test files. Must never be found as a test.
import { test } from 'node:test';

test('passes', () => undefined);
