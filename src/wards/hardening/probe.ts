// Tries each of the kernel's measures once in the life of a host, in processes of their own. Must never take one for held that the kernel did not take.
import { spawn } from 'node:child_process';
import { LRUCache } from 'lru-cache';
import type { HardeningModes, MeasureName, WardUser } from '../../config/hardening.ts';
import type { Artefacts } from '../artefacts.ts';
import {
  becomeUser,
  confineFiles,
  ease,
  filterCalls,
  giveUpPrivileges,
  type LandlockVersion,
  landlockVersions,
  leaveNetwork,
  openReadable,
  setLimits,
  tryToRead,
} from './calls.ts';
import { type Call, launcherScript, writeCall } from './launcher.ts';
import { measureRemedies } from './measures.ts';
import { isProgramFile, ownPaths, readablePaths } from './readable.ts';
import type { Processor } from './system-calls.ts';

export interface HardeningOptions {
  readonly artefacts: Artefacts;
  readonly modes: HardeningModes;
  readonly user: WardUser;
}

const probeMs = 10_000;

export interface Missing {
  readonly cause: string;
  readonly remedy: string;
}

const errnoTexts: ReadonlyMap<number, string> = new Map([
  [1, 'not permitted'],
  [13, 'no access'],
  [22, 'not known to the kernel'],
  [28, 'no more of them allowed'],
  [38, 'not in the kernel'],
  [95, 'switched off in the kernel'],
]);

/** Why none of the kernel's measures can be had; null where they can be tried. */
export const findObstacle = (perl: string | null): Missing | null => {
  if (process.platform !== 'linux') return { cause: 'only Linux has it', remedy: 'run hosts of hostile extensions on Linux' };
  if (process.arch !== 'x64' && process.arch !== 'arm64') return { cause: `not made for ${process.arch}`, remedy: 'run on x64 or arm64' };
  return perl === null ? { cause: 'there is no perl to start wards with', remedy: 'install perl (on Debian: perl-base)' } : null;
};

/** Each group in a process of its own; what the kernel said to it. */
export const tryCalls = (perl: string, groups: ReadonlyMap<string, readonly Call[]>): Promise<ReadonlyMap<string, number>> =>
  new Promise((resolve) => {
    const args = [...groups].flatMap(([name, calls]) => [`:${name}`, ...calls.map(writeCall)]);
    const child = spawn(perl, ['-e', launcherScript, 'try', ...args], {
      env: {},
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: probeMs,
      killSignal: 'SIGKILL',
    });
    let text = '';
    child.stdout.on('data', (part: Buffer) => {
      text += part.toString();
    });
    child.on('error', () => resolve(new Map()));
    child.on('close', () => resolve(new Map([...text.matchAll(/^(\S+) (\d+)$/gm)].map(([, name = '', errno]) => [name, Number(errno)]))));
  });

/** What the kernel said to groups it answered all of: it says the same to the next runtime of this process, and a ward that gets less than it was told does not start. */
const answered = new LRUCache<string, ReadonlyMap<string, number>>({ max: 16 });

const tryOnce = async (perl: string, groups: ReadonlyMap<string, readonly Call[]>): Promise<ReadonlyMap<string, number>> => {
  const asked = JSON.stringify([perl, ...groups]);
  const known = answered.get(asked);
  if (known !== undefined) return known;
  const answers = await tryCalls(perl, groups);
  if (answers.size === groups.size) answered.set(asked, answers);
  return answers;
};

export interface Probed {
  readonly missing: ReadonlyMap<MeasureName, Missing>;
  readonly landlock: LandlockVersion;
}

export const probe = async (
  perl: string,
  processor: Processor,
  isRoot: boolean,
  { artefacts, user }: HardeningOptions,
): Promise<Probed> => {
  const privileges = giveUpPrivileges(processor);
  const readable = readablePaths(artefacts);
  const files = landlockVersions.map(
    (version) =>
      [`files${String(version)}`, [...openReadable(processor, version, readable), ...privileges, ...confineFiles(processor)]] as const,
  );
  const groups = new Map<string, readonly Call[]>([
    ['limits', [...ease(processor), ...setLimits(processor, null)]],
    ['network', leaveNetwork(processor, isRoot)],
    ...files,
    ['calls', [...privileges, ...filterCalls(processor)]],
  ]);
  if (isRoot) {
    const own = [artefacts.execPath, artefacts.wardFile, ...ownPaths(artefacts)];
    groups.set('user', [...becomeUser(processor, user), ...own.map((path) => tryToRead(processor, path))]);
  }
  const answers = await tryOnce(perl, groups);
  const landlock = landlockVersions.find((version) => answers.get(`files${String(version)}`) === 0);
  const missing = new Map<MeasureName, Missing>();
  for (const measure of ['user', 'limits', 'network', 'files', 'calls'] as const) {
    const errno = measure === 'files' ? (landlock === undefined ? answers.get('files1') : 0) : answers.get(measure);
    if (errno === 0) continue;
    const cause = errno === undefined ? 'it could not be tried' : (errnoTexts.get(errno) ?? `error ${String(errno)}`);
    missing.set(measure, { cause, remedy: measureRemedies[measure] });
  }
  if (!isProgramFile(artefacts.execPath)) {
    for (const measure of ['files', 'calls'] as const)
      missing.set(measure, { cause: 'wards.execPath is a script', remedy: 'name the node program itself' });
  }
  if (!isRoot) {
    const uid = String(process.getuid?.() ?? '');
    missing.set('user', {
      cause: `the host is not root: wards run as its own uid ${uid}`,
      remedy: 'give the host a user that owns nothing else',
    });
  }
  return { missing, landlock: landlock ?? 1 };
};
