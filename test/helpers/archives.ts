// Signed archives made in memory, as `cloister pack` would, and what an installation is to make of them. Must never be trusted by anything but a test.
import { createHash, generateKeyPairSync } from 'node:crypto';
import type { Desired, DesiredPackage } from '../../src/installation/desired.ts';
import { publicLineOf, sealArchive } from '../../src/packages/archive-form.ts';

export interface TestArchive {
  readonly id: string;
  readonly version: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

const { privateKey } = generateKeyPairSync('ed25519');
/** For the option `trustedKeys`. */
export const archiveKey = publicLineOf(privateKey);

export const makeArchive = (id: string, version: string, source: string, cloister: object = {}): TestArchive => {
  const json = JSON.stringify({ name: id, version, type: 'module', main: 'index.js', cloister });
  const files = new Map([
    ['package.json', json],
    ['index.js', source],
  ]);
  const bytes = Buffer.from(sealArchive(files, privateKey));
  return { id, version, digest: createHash('sha256').update(bytes).digest('hex'), bytes };
};

export const packageOf = ({ digest, bytes }: TestArchive): DesiredPackage => ({ digest, archive: () => Promise.resolve(bytes) });

export const wants = (current: TestArchive, more: Partial<Desired> = {}): Desired => ({
  extension: current.id,
  current: packageOf(current),
  canary: null,
  enabled: true,
  tenants: null,
  ...more,
});
