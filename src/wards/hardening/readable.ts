// What a ward may open: its own program, the libraries of its Node, and what Node and V8 look at of the machine. Must never hold a folder that somebody keeps something in.
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Artefacts } from '../artefacts.ts';
import type { ReadablePath } from './calls.ts';

const realFolder = (name: string, from: string): string => path.dirname(createRequire(from).resolve(`${name}/package.json`));

/** Where it is looked for: pnpm and workspaces keep a link there, and Node asks for the link before it follows it. */
const linkedFolder = (name: string, folder: string): string | null => {
  const link = path.join(folder, 'node_modules', name);
  if (existsSync(link)) return link;
  return path.dirname(folder) === folder ? null : linkedFolder(name, path.dirname(folder));
};

/** The built far side, the engine and what loads it. */
export const ownPaths = ({ wardFile }: Artefacts): readonly string[] => {
  const sandbox = path.dirname(wardFile);
  const engine = realFolder('isolated-vm', wardFile);
  const loader = realFolder('node-gyp-build', `${engine}/package.json`);
  const links = [linkedFolder('isolated-vm', sandbox), linkedFolder('node-gyp-build', engine)].filter((link) => link !== null);
  return [...new Set([sandbox, engine, loader, ...links, packageFile(sandbox)])];
};

/** It says that ward.js is a module. */
const packageFile = (folder: string): string => {
  const file = path.join(folder, 'package.json');
  return existsSync(file) || path.dirname(folder) === folder ? file : packageFile(path.dirname(folder));
};

/** node-gyp-build looks whether it is there. */
export const alpineFile = '/etc/alpine-release';

const libraries = ['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/local/lib', '/nix/store'];
const machine = [
  ...['/etc/ld.so.cache', '/etc/ld.so.preload', '/etc/localtime', '/usr/share/zoneinfo', '/etc/ssl/openssl.cnf', alpineFile],
  ...['/dev/null', '/dev/urandom', '/dev/random', '/proc/meminfo', '/proc/cpuinfo', '/proc/stat', '/proc/version_signature'],
  ...['/sys/devices/system/cpu', '/sys/fs/cgroup'],
];

/** What the kernel runs by itself. A script needs a shell, which a ward under Landlock cannot run. */
export const isProgramFile = (file: string): boolean => {
  const magic = Buffer.alloc(4);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, magic, 0, 4, 0);
  } finally {
    closeSync(descriptor);
  }
  return magic.toString('latin1') === '\u007fELF';
};

const describe = (name: string, isProgram: boolean): ReadablePath | null => {
  try {
    return { path: name, isFolder: statSync(name).isDirectory(), isProgram };
  } catch {
    return null;
  }
};

/** For Landlock. A ward's own entry of /proc goes by `self`, which is the launcher's when it is opened: exec keeps the number. */
export const readablePaths = (artefacts: Artefacts): readonly ReadablePath[] =>
  [
    ...[artefacts.execPath, ...libraries].map((name) => describe(name, true)),
    ...[...ownPaths(artefacts), ...machine, '/proc/self'].map((name) => describe(name, false)),
  ].filter((one) => one !== null);
