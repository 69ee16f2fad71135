// `cloister build`: writes the module a package is published with, and says what the runtime makes of it. Must never run a line of it, nor leave half a file.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeRegistry } from '../capabilities/registry.ts';
import { CloisterError } from '../errors.ts';
import { makePackageLimits } from '../limits/package-table.ts';
import { buildModule } from '../packages/build-module.ts';
import { type Bundler, openBundler } from '../packages/bundler.ts';
import { readPackages } from '../packages/read-packages.ts';

export interface BuiltPackage {
  readonly id: string;
  readonly version: string;
  /** Absolute. */
  readonly file: string;
  readonly bytes: number;
  /** SHA-256 of the script that the runtime makes of the file and runs: what `diff` shows and `approve` takes. */
  readonly artifact: string;
}

/** Whole or not at all. */
const writeWhole = async (file: string, text: string): Promise<void> => {
  const beside = `${file}.${process.pid}.new`;
  await writeFile(beside, text);
  await rename(beside, file);
};

/** Throws where the package cannot be built, or would not be served as it was built. A bundler that is given stays open. */
export const buildPackage = async (folder: string, shared?: Bundler): Promise<BuiltPackage> => {
  const root = path.resolve(folder);
  const limits = makePackageLimits();
  const bundler = shared ?? openBundler();
  try {
    const built = await buildModule(root, bundler, limits);
    const file = path.join(root, ...built.file.split('/'));
    await mkdir(path.dirname(file), { recursive: true });
    const text = `${built.text}//# sourceMappingURL=${path.basename(file)}.map\n`;
    await writeWhole(`${file}.map`, built.sourceMap);
    await writeWhole(file, text);
    const contracts = makeRegistry().map(({ capability }) => capability.contract);
    const { packages, refused } = await readPackages([root], contracts, limits, { bundler });
    const [found] = packages;
    if (found === undefined) throw refused[0]?.error ?? new CloisterError('ERR_PACKAGE_INVALID', `${folder}: is no extension`);
    if (found.entryFile !== built.file)
      throw new CloisterError(
        'ERR_PACKAGE_INVALID',
        `package.json: ${built.file} was built, but ${found.entryFile} would be served; remove it or name ${built.file}`,
      );
    return { id: found.fallbackId, version: found.version, file, bytes: Buffer.byteLength(text), artifact: found.artifact };
  } finally {
    if (shared === undefined) await bundler.close();
  }
};
