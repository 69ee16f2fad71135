// Makes an extension of each row of the packages table, with the package from npm beside it, in a folder of its own. Must never run a package's scripts, nor write outside that folder.
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { PackageUse } from '../uses/use.ts';

/** One package in one version. */
export interface Row {
  readonly id: string;
  readonly version: string;
  readonly use: PackageUse;
  /** The extension's folder. */
  readonly folder: string;
}

export const makeRows = (uses: readonly PackageUse[], folder: string): readonly Row[] =>
  uses.flatMap((use) =>
    use.versions.map((version) => {
      const id = `${use.name}-${version}`.replace(/[^a-z0-9]+/gi, '-').replace(/^-|-$/g, '');
      return { id, version, use, folder: path.join(folder, id) };
    }),
  );

const installMs = 240_000;

/** Exactly those packages with their dependencies, none of whose scripts run. */
export const installPackages = async (
  folder: string,
  dependencies: Readonly<Record<string, string>>,
  more: readonly string[] = [],
): Promise<void> => {
  const args = [
    'install',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
    '--omit=dev',
    '--prefer-offline',
    '--loglevel=error',
    ...more,
  ];
  await promisify(execFile)('npm', [...args, ...Object.entries(dependencies).map(([name, version]) => `${name}@${version}`)], {
    cwd: folder,
    timeout: installMs,
    maxBuffer: 16_000_000,
  });
};

const index = `
import * as used from './use.js';
const show = (error) => ({ name: error?.name ?? null, code: error?.code ?? error?.cause?.code ?? null, message: String(error?.message ?? error).slice(0, 300) });
export default (router) => {
  if (used.mount) return void used.mount(router);
  router.post('/', async (req, res) => {
    let answer;
    try {
      answer = { value: await used.use({ origin: req.query.origin, req, res }) };
    } catch (error) {
      answer = { threw: show(error) };
    }
    res.json(answer);
  });
};`;

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });

/** `express` is whose router it gets; the package's own of that name is what the other side has. */
export const expressOf = ({ use, version }: Row): 4 | 5 => (use.name === 'express' && version.startsWith('5') ? 5 : 4);

export const writeExtension = async (row: Row, origin: string): Promise<void> => {
  const cloister = {
    capabilities: { fetch: { origins: { [origin]: { headers: true } } }, headers: { names: ['cookie'] } },
    limits: { cpuMs: 10_000, wallMs: 10_000, memoryMb: 128, registerMs: 20_000, hostCalls: 1_000 },
    express: expressOf(row),
  };
  const manifest = { name: row.id, version: '1.0.0', type: 'module', main: 'index.js', cloister };
  await mkdir(row.folder, { recursive: true });
  await writeFile(path.join(row.folder, 'package.json'), JSON.stringify(manifest));
  await writeFile(path.join(row.folder, 'index.js'), index);
  await writeFile(path.join(row.folder, 'use.js'), row.use.source);
  await writeFile(path.join(row.folder, 'key.js'), `export const pem = ${JSON.stringify(pem)};`);
};

/** What was installed before is kept: a version never changes. */
export const installRow = async (row: Row): Promise<void> => {
  const wanted = JSON.stringify({ [row.use.name]: row.version, ...row.use.beside });
  const stamp = path.join(row.folder, '.installed');
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === wanted) return;
  await rm(row.folder, { recursive: true, force: true });
  await mkdir(row.folder, { recursive: true });
  await writeFile(path.join(row.folder, 'package.json'), '{}');
  await installPackages(row.folder, JSON.parse(wanted) as Record<string, string>);
  await writeFile(stamp, wanted);
};
