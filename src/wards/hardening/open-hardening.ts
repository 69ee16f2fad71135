// Which measures hold a ward back on this machine, and how one is started under them. Must never start a ward with less than it said at start.
import { measureNames } from '../../config/hardening.ts';
import { CloisterError } from '../../errors.ts';
import { becomeUser, confineFiles, ease, filterCalls, giveUpPrivileges, leaveNetwork, openReadable, setLimits } from './calls.ts';
import { type Call, findPerl, launcherScript, writeCall } from './launcher.ts';
import type { MeasureReport } from './measures.ts';
import { findObstacle, type HardeningOptions, probe } from './probe.ts';
import { alpineFile, ownPaths, readablePaths } from './readable.ts';
import type { Processor } from './system-calls.ts';

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
}

export interface Hardening {
  readonly reports: readonly MeasureReport[];
  /** How to start `script` of the far side: node with its flags, behind the launcher where there is one. */
  start(flags: readonly string[], script: string, ...args: readonly string[]): Program;
}

/** Threads of one ward where its user namespace is its own; of all wards where only their user is. */
const processesOfOne = 1_024;
const processesOfAll = 16_384;
/** Throws ERR_HARDENING_MISSING where a measure is required that the machine does not have. */
export const openHardening = async (options: HardeningOptions): Promise<Hardening> => {
  const { artefacts, modes, user } = options;
  const perl = findPerl();
  const isRoot = process.getuid?.() === 0;
  const obstacle = findObstacle(perl);
  const processor = process.arch as Processor;
  const wanted = measureNames.some((name) => name !== 'permission' && modes[name] !== 'off');
  const probed = obstacle === null && perl !== null && wanted ? await probe(perl, processor, isRoot, options) : null;

  const reports = measureNames.map((measure): MeasureReport => {
    if (modes[measure] === 'off')
      return { measure, active: false, cause: 'switched off in wards.hardening', remedy: `set wards.hardening.${measure} to auto` };
    const missing = measure === 'permission' ? null : (obstacle ?? probed?.missing.get(measure) ?? null);
    return { measure, active: missing === null, cause: missing?.cause ?? '', remedy: missing?.remedy ?? '' };
  });
  const unmet = reports.find(({ measure, active }) => modes[measure] === 'require' && !active);
  if (unmet !== undefined) {
    throw new CloisterError(
      'ERR_HARDENING_MISSING',
      `wards.hardening.${unmet.measure} is required and not to be had here: ${unmet.cause}; ${unmet.remedy}`,
    );
  }

  const active = new Set(reports.filter((report) => report.active).map(({ measure }) => measure));
  const calls = (): readonly Call[] => {
    const landlock = probed?.landlock ?? 1;
    const ownNamespace = active.has('network') && !isRoot;
    const processes = ownNamespace ? processesOfOne : active.has('user') ? processesOfAll : null;
    const privileges = giveUpPrivileges(processor);
    return [
      ...ease(processor),
      ...(active.has('network') ? leaveNetwork(processor, isRoot) : []),
      ...(active.has('limits') ? setLimits(processor, processes) : []),
      ...(active.has('files') ? openReadable(processor, landlock, readablePaths(artefacts)) : []),
      ...(active.has('user') ? becomeUser(processor, user) : []),
      ...privileges,
      ...(active.has('files') ? confineFiles(processor) : []),
      ...(active.has('calls') ? filterCalls(processor) : []),
    ];
  };
  const isLaunched = perl !== null && [...active].some((measure) => measure !== 'permission');
  const launch = isLaunched ? ['-e', launcherScript, 'run', ...calls().map(writeCall), '--'] : [];
  const permissions = active.has('permission')
    ? [
        '--permission',
        '--allow-addons',
        ...[...ownPaths(artefacts), alpineFile].map((path) => `--allow-fs-read=${path}`),
        '--allow-fs-write=/proc/self/timerslack_ns',
      ]
    : [];
  return {
    reports,
    start: (flags, script, ...args) => {
      const node = [artefacts.execPath, ...flags, ...permissions, script, ...args];
      return isLaunched && perl !== null ? { file: perl, args: [...launch, ...node] } : { file: artefacts.execPath, args: node.slice(1) };
    },
  };
};
