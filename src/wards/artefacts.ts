// Where the built far side lies and which Node runs it. Must never fall back to an engine Cloister does not run hostile code on.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { CloisterError } from '../errors.ts';

export interface Artefacts {
  readonly wardFile: string;
  readonly imageFile: string;
  /** Tries to break out; for the doctor. */
  readonly probeFile: string;
  guestFile(profileKey: string): string;
  /** Where guest-part-*.js lie. */
  readonly partsFolder: string;
  /** The Node binary of the wards. */
  readonly execPath: string;
}

/** isolated-vm 7 has binaries for these. */
const supportedAbis = ['137', '147'];

const platformNode = (): string | null => {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const binary = process.platform === 'win32' ? 'bin/node.exe' : 'bin/node';
  try {
    return createRequire(import.meta.url).resolve(`${name}/${binary}`);
  } catch {
    return null;
  }
};

const checkEngine = (execPath: string): void => {
  if (execPath === process.execPath && supportedAbis.includes(process.versions.modules)) return;
  const probe = spawnSync(execPath, ['-p', 'process.versions.modules'], { encoding: 'utf8', env: {}, timeout: 10_000 });
  const abi = probe.stdout?.trim() ?? '';
  if (supportedAbis.includes(abi)) return;
  throw new CloisterError(
    'ERR_ENGINE_UNSUPPORTED',
    `the Node binary for wards (${execPath}) has ABI ${abi === '' ? 'unknown' : abi}; wards need Node 24 or 26: run Cloister on one, or set wards.execPath`,
  );
};

/** `execPath`: the operator's choice; else the platform package that came with Cloister; else the Node that runs the host. */
export const findArtefacts = (execPath: string | undefined): Artefacts => {
  // A checkout runs the sources and builds into dist/; the package holds only dist/.
  const folder = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../dist/sandbox/' : '../../sandbox/', import.meta.url));
  const wardFile = `${folder}ward.js`;
  if (!existsSync(wardFile)) {
    throw new CloisterError('ERR_ENGINE_UNSUPPORTED', `the sandbox is not built: ${wardFile} is missing; run \`npm run build:sandbox\``);
  }
  const chosen = execPath ?? platformNode() ?? process.execPath;
  checkEngine(chosen);
  return {
    wardFile,
    imageFile: `${folder}image.js`,
    probeFile: `${folder}probe.js`,
    guestFile: (key) => `${folder}guest-${key}.js`,
    partsFolder: folder,
    execPath: chosen,
  };
};
