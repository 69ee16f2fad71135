// Records for the ledger's tests. Must never stand in for the ledger itself.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { LedgerRecord } from '../../src/ledger/entry.ts';

type CallStart = Extract<LedgerRecord, { readonly kind: 'call.start' }>;
type RequestStart = Extract<LedgerRecord, { readonly kind: 'request.start' }>;

export const requestStart = (fields: Partial<RequestStart> = {}): RequestStart => ({
  kind: 'request.start',
  extension: 'greet',
  version: '1.0.0',
  artifact: 'a1',
  tenant: 'default',
  request: 'r1',
  method: 'GET',
  path: '/greet',
  ...fields,
});

export const callStart = (args: Readonly<Record<string, unknown>>): CallStart => ({
  kind: 'call.start',
  extension: 'greet',
  version: '1.0.0',
  artifact: 'a1',
  tenant: 'default',
  request: 'r1',
  call: 1,
  capability: 'log',
  method: 'write',
  args,
  digest: 'd1',
  decision: 'allow',
  rule: 'log.level',
});

export const makeFolder = async (test: TestContext): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'cloister-ledger-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
};
