// Releases for the tests of the registry's stores, and how they are deployed and refused. Must never open a store.
import assert from 'node:assert/strict';
import { CloisterError, type ErrorCode } from '../../src/errors.ts';
import { decideDeploy } from '../../src/registry/decide.ts';
import type { RegistryStore, Release } from '../../src/registry/state.ts';
import { makeRegistryForm, sha256 } from '../../src/registry/state-form.ts';

export const form = makeRegistryForm();
export const by = { by: 'operator', at: '2030-01-01T00:00:00.000Z' };
export const archive = (text: string): Uint8Array => Buffer.from(text);
export const release = (extension: string, text: string): Release => ({
  extension,
  version: '1.0.0',
  digest: sha256(archive(text)),
  artifact: 'f'.repeat(64),
  bytes: archive(text).byteLength,
  ...by,
  signedBy: null,
});
export const deploy = async (
  store: RegistryStore,
  extension: string,
  text: string,
  tenants: readonly string[] | null = null,
): Promise<void> => {
  const one = release(extension, text);
  await store.put(one, archive(text));
  await store.update((state) => decideDeploy(state, one, { ...by, tenants }));
};
export const isRefusal = (code: ErrorCode) => (error: unknown) => {
  assert.ok(error instanceof CloisterError, String(error));
  assert.equal(error.code, code, error.message);
  return true;
};
