// NATS in a configuration file: paths from its own folder, and no password in a refusal.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { CloisterError } from '../errors.ts';
import { parseConfigFile } from './config-file.ts';

const file = path.resolve('/etc/cloister/cloister.json');
const parse = (value: object) => parseConfigFile(JSON.stringify(value), file, { contracts: [], baseline: new Map() });

test('files of jobs.nats are meant from the folder of the configuration file', () => {
  const { options, natsUrlKey } = parse({ natsUrlKey: 'NATS_URL', jobs: { nats: { credentials: 'nats.creds', ca: '/abs/ca.pem' } } });
  assert.deepEqual(
    [options['jobs'], natsUrlKey],
    [{ nats: { credentials: path.resolve('/etc/cloister/nats.creds'), ca: path.resolve('/abs/ca.pem') } }, 'NATS_URL'],
  );
});

for (const jobs of [
  'nats://host:s3cret@nats',
  { nats: 'nats://host:s3cret@nats' },
  { nats: { servers: { a: 'nats://host:s3cret@nats' } } },
])
  test(`refuses ${JSON.stringify(jobs).replace('s3cret', '…')}, and shows no password`, () => {
    assert.throws(
      () => parse({ jobs }),
      (error) => error instanceof CloisterError && error.code === 'ERR_OPTIONS_INVALID' && !error.message.includes('s3cret'),
    );
  });
