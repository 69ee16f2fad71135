// The system calls of each measure. Must keep their order: what needs a right comes before what gives it up, the filter last.
import type { WardUser } from '../../config/hardening.ts';
import { type Call, pathBytes } from './launcher.ts';
import { makeFilter } from './seccomp-filter.ts';
import { numberOf, type Processor } from './system-calls.ts';

export interface ReadablePath {
  readonly path: string;
  readonly isFolder: boolean;
  /** Also to be run. */
  readonly isProgram: boolean;
}

const little = (value: bigint, bytes: number): string => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(value);
  return buffer.subarray(0, bytes).toString('hex');
};

// sys/prctl.h
const setTimerSlack = 29;
const setNoNewPrivileges = 38;
/** A timeout that is not needed any more still wakes its thread when it would have been due, one by one: so many nanoseconds of them wake it once. */
const timerSlackNs = 1_000_000;

export const ease = (processor: Processor): readonly Call[] => [
  { number: callOf('prctl', processor), args: [setTimerSlack, timerSlackNs, 0, 0, 0] },
];

/** What Landlock and seccomp ask of a process without rights; and no setuid program gives it any. */
export const giveUpPrivileges = (processor: Processor): readonly Call[] => [
  { number: callOf('prctl', processor), args: [setNoNewPrivileges, 1, 0, 0, 0] },
];

// sys/resource.h
const limitOf = { fileSize: 1, core: 4, processes: 6, files: 7, messageQueues: 12, nice: 13, realTime: 14 } as const;
const openFiles = 128;

/** `processes` counts threads of one user: it can only be held where the user, or the user's namespace, is the ward's own. */
export const setLimits = (processor: Processor, processes: number | null): readonly Call[] => {
  const limit = (resource: number, value: number): Call => ({
    number: callOf('prlimit64', processor),
    args: [0, resource, { bytes: little(BigInt(value), 8).repeat(2) }, 0],
  });
  return [
    limit(limitOf.fileSize, 0),
    limit(limitOf.core, 0),
    limit(limitOf.files, openFiles),
    limit(limitOf.messageQueues, 0),
    limit(limitOf.nice, 0),
    limit(limitOf.realTime, 0),
    ...(processes === null ? [] : [limit(limitOf.processes, processes)]),
  ];
};

// linux/sched.h
const newUser = 0x10000000;
const newNamespaces = 0x40000000 | 0x08000000 | 0x04000000;

/** Network, System V queues and host name. Who is not root needs a user namespace to make them in; leaving it unmapped leaves no right in it after exec. */
export const leaveNetwork = (processor: Processor, isRoot: boolean): readonly Call[] => [
  { number: callOf('unshare', processor), args: [isRoot ? newNamespaces : newNamespaces | newUser] },
];

export const becomeUser = (processor: Processor, { uid, gid }: WardUser): readonly Call[] => [
  { number: callOf('setgroups', processor), args: [0, 0] },
  { number: callOf('setresgid', processor), args: [gid, gid, gid] },
  { number: callOf('setresuid', processor), args: [uid, uid, uid] },
];

const here = -100;
const pathOnly = 0o10000000 | 0o2000000;
const readOnly = 0o2000000;

/** Tries whether a file can be read by who it is then. */
export const tryToRead = (processor: Processor, path: string): Call => ({
  number: callOf('openat', processor),
  args: [here, pathBytes(path), readOnly, 0],
});

/** Highest first; of each, the rights on files it knows, and whether it knows of networks and scopes. linux/landlock.h */
export const landlockVersions = [6, 5, 4, 3, 2, 1] as const;
export type LandlockVersion = (typeof landlockVersions)[number];
const fileRights: Readonly<Record<LandlockVersion, number>> = { 1: 13, 2: 14, 3: 15, 4: 15, 5: 16, 6: 16 };
const execute = 1n;
const readFile = 4n;
const readFolder = 8n;
const pathBeneath = 1;

/** Opens what may be read while that is still possible; `confineFiles` closes the rest. */
export const openReadable = (processor: Processor, version: LandlockVersion, readable: readonly ReadablePath[]): readonly Call[] => {
  const rights = (1n << BigInt(fileRights[version])) - 1n;
  const parts = [rights, ...(version >= 4 ? [3n] : []), ...(version >= 6 ? [3n] : [])].map((part) => little(part, 8));
  const ruleset: Call = {
    number: callOf('landlock_create_ruleset', processor),
    args: [{ bytes: parts.join('') }, parts.length * 8, 0],
    keep: 'R',
  };
  const rules = readable.flatMap(({ path, isFolder, isProgram }): readonly Call[] => {
    const allowed = readFile | (isFolder ? readFolder : 0n) | (isProgram ? execute : 0n);
    return [
      { number: callOf('openat', processor), args: [here, pathBytes(path), pathOnly, 0], keep: 'P', optional: true },
      {
        number: callOf('landlock_add_rule', processor),
        args: [{ given: 'R' }, pathBeneath, { bytes: `${little(allowed, 8)}{P}` }, 0],
      },
    ];
  });
  return [ruleset, ...rules];
};

export const confineFiles = (processor: Processor): readonly Call[] => [
  { number: callOf('landlock_restrict_self', processor), args: [{ given: 'R' }, 0] },
];

const setFilter = 1;
export const filterCalls = (processor: Processor): readonly Call[] => [
  { number: callOf('seccomp', processor), args: [setFilter, 0, { program: makeFilter(processor) }] },
];

const callOf = (name: string, processor: Processor): number => {
  const number = numberOf(name, processor);
  if (number === null) throw new Error(`${processor} has no system call ${name}`);
  return number;
};
