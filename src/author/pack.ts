// `cloister pack` and `cloister keygen`: a package built in memory and signed. Must never print a private key, nor leave one that others can read.
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { open, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeRegistry } from '../capabilities/registry.ts';
import { CloisterError } from '../errors.ts';
import { makePackageLimits } from '../limits/package-table.ts';
import { archiveEnding } from '../packages/archive-folder.ts';
import { keyIdOf, publicLineOf, sealArchive } from '../packages/archive-form.ts';
import { buildModule } from '../packages/build-module.ts';
import { openBundler } from '../packages/bundler.ts';
import { openPackageFolder } from '../packages/package-folder.ts';
import { readPackages } from '../packages/read-packages.ts';

export interface PackOptions {
  readonly folder: string;
  /** File of the private key: PKCS #8, PEM. */
  readonly keyFile: string;
  /** Where the archive is written; `<name>-<version>.cloister` in the folder that the command was typed in where absent. */
  readonly out?: string;
}

export interface PackedPackage {
  readonly id: string;
  readonly version: string;
  /** Absolute. */
  readonly file: string;
  readonly bytes: number;
  /** As `diff` will show it. */
  readonly artifact: string;
  /** SHA-256 of the public key. */
  readonly key: string;
  /** What an operator puts into trustedKeys. */
  readonly publicKey: string;
}

const maxKeyBytes = 16_384;
const refuse = (message: string): CloisterError => new CloisterError('ERR_OPTIONS_INVALID', message);
const causeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown cause');

const readKey = async (file: string): Promise<KeyObject> => {
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw refuse(`--key ${file}: cannot be read (${causeOf(error)}); \`cloister keygen FILE\` makes one`);
  });
  try {
    const status = await handle.stat();
    if (!status.isFile() || status.size > maxKeyBytes) throw refuse(`--key ${file}: is no file of a private key`);
    const key = createPrivateKey(await handle.readFile());
    if (key.asymmetricKeyType !== 'ed25519')
      throw refuse(`--key ${file}: is a key of the kind ${String(key.asymmetricKeyType)}; expected ed25519`);
    return key;
  } catch (error) {
    // What OpenSSL says of a key may hold a part of it.
    throw error instanceof CloisterError ? error : refuse(`--key ${file}: is no private key in PEM; \`cloister keygen FILE\` makes one`);
  } finally {
    await handle.close();
  }
};

/** Written to the end or not at all. */
const writeWhole = async (file: string, text: string): Promise<void> => {
  const beside = `${file}.${process.pid}.new`;
  await writeFile(beside, text).catch((error: unknown) => {
    throw refuse(`--out ${file}: cannot be written (${causeOf(error)}); name another place`);
  });
  await rename(beside, file);
};

export const packPackage = async ({ folder, keyFile, out }: PackOptions): Promise<PackedPackage> => {
  const key = await readKey(keyFile);
  const publicKey = publicLineOf(key);
  const limits = makePackageLimits();
  const bundler = openBundler();
  try {
    const built = await buildModule(path.resolve(folder), bundler, limits);
    const inside = await openPackageFolder(folder);
    const json = await inside.read('/package.json', limits.packageJsonBytes);
    const text = sealArchive(
      new Map([
        ['package.json', json],
        [built.file, built.text],
      ]),
      key,
    );
    const { name = 'package', version = '0.0.0' } = JSON.parse(json) as { readonly name?: string; readonly version?: string };
    const file = path.resolve(out ?? `${name.replace(/^@/, '').replaceAll('/', '-')}-${version}${archiveEnding}`);
    if (!file.endsWith(archiveEnding)) throw refuse(`--out ${file}: an archive's name ends in ${archiveEnding}`);
    if (Buffer.byteLength(text) > limits.archiveBytes)
      throw refuse(
        `pack ${folder}: the archive has ${Buffer.byteLength(text)} bytes, over the limit of ${limits.archiveBytes} (limit archiveBytes)`,
      );
    await writeWhole(file, text);
    const contracts = makeRegistry().map(({ capability }) => capability.contract);
    const { packages, refused } = await readPackages([file], contracts, limits, { bundler, trustedKeys: [publicKey] });
    const [found] = packages;
    if (found === undefined) throw refused[0]?.error ?? refuse(`pack ${folder}: what was packed cannot be read`);
    const { fallbackId: id, artifact } = found;
    return { id, version: found.version, file, bytes: Buffer.byteLength(text), artifact, key: keyIdOf(publicKey), publicKey };
  } finally {
    await bundler.close();
  }
};

/** Writes the private key for its owner alone; gives the public one. Never over a file. */
export const makeSigningKey = async (file: string): Promise<string> => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writeFile(file, pem, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    const there = causeOf(error) === 'EEXIST';
    throw refuse(`keygen ${file}: ${there ? 'is there already; a key is never written over' : `cannot be written (${causeOf(error)})`}`);
  });
  return publicLineOf(privateKey);
};
