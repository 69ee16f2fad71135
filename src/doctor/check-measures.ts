// Tries to break each measure alone, and all of them together. Must never trust what was said at start: only what a probe could not do counts.
import { type HardeningModes, type MeasureName, measureNames } from '../config/hardening.ts';
import type { WardOptions } from '../config/runtime-options.ts';
import type { Artefacts } from '../wards/artefacts.ts';
import { flagsOf } from '../wards/flags.ts';
import { tryForbidden } from '../wards/hardening/forbidden.ts';
import { measureTexts } from '../wards/hardening/measures.ts';
import { openHardening } from '../wards/hardening/open-hardening.ts';
import { type DoctorCheck, fails, holds, missing } from './finding.ts';
import { type Bait, openBait, runProbe, type Taken } from './run-probe.ts';

/** What a probe under one measure alone must fail at. */
const attemptsOf: Readonly<Record<MeasureName, readonly string[]>> = {
  permission: ['read', 'write', 'process', 'worker'],
  user: ['owned', 'signal'],
  limits: ['files'],
  network: ['connect'],
  files: ['read', 'write', 'peek'],
  calls: ['write', 'listen', 'connect', 'process', 'signal'],
};
const allAttempts = ['environment', 'read', 'write', 'peek', 'signal', 'files', 'connect', 'listen', 'process', 'worker'];
const report = 'report it as a vulnerability (SECURITY.md)';

const modesOf = (only: MeasureName | null, modes: HardeningModes): HardeningModes =>
  Object.fromEntries(
    measureNames.map((name) => [name, only === null ? (modes[name] === 'off' ? 'off' : 'auto') : name === only ? 'auto' : 'off']),
  ) as unknown as HardeningModes;

const startOf = async (artefacts: Artefacts, { user, hardened }: WardOptions, modes: HardeningModes) => {
  const hardening = await openHardening({ artefacts, modes, user });
  return { ...hardening, start: (script: string, bait: string) => hardening.start(flagsOf(hardened), script, bait) };
};

/** What worked though it should not have; null: nothing can be said. */
const escaped = (taken: Taken, attempts: readonly string[]): readonly string[] | null =>
  taken === null ? null : attempts.filter((attempt) => taken[attempt] === null);

const checkOne = async (measure: MeasureName, artefacts: Artefacts, wards: WardOptions, bait: Bait, free: Taken): Promise<DoctorCheck> => {
  const name = `${measure}: ${measureTexts[measure]}`;
  const mode = wards.hardening[measure];
  if (mode === 'off') return missing('measures', name, 'switched off in wards.hardening', `set wards.hardening.${measure} to auto`);
  const { reports, start } = await startOf(artefacts, wards, modesOf(measure, wards.hardening));
  const said = reports.find((one) => one.measure === measure);
  if (said?.active !== true) {
    const { cause = '', remedy = '' } = said ?? {};
    return mode === 'require' ? fails('measures', name, cause, remedy) : missing('measures', name, cause, remedy);
  }
  const taken = await runProbe(start, artefacts, bait);
  // What this machine forbids anyway proves nothing.
  const attempts = attemptsOf[measure].filter((attempt) => free?.[attempt] === null);
  const broken = escaped(taken, attempts);
  if (broken === null) return fails('measures', name, 'a probe under it did not come up', report);
  const calls = measure === 'calls' ? await tryForbidden() : { tried: [], broken: [] };
  const all = [...broken, ...calls.broken];
  if (all.length > 0) return fails('measures', name, `a probe under it could: ${all.join(', ')}`, report);
  const tried = [...attempts.map((attempt) => `${attempt} (${taken?.[attempt] ?? ''})`), ...calls.tried];
  return tried.length === 0
    ? missing('measures', name, 'what it forbids is forbidden here without it', '')
    : holds('measures', name, `tried and refused: ${tried.join(', ')}`);
};

const checkAll = async (artefacts: Artefacts, wards: WardOptions, bait: Bait): Promise<DoctorCheck> => {
  const name = 'a ward as it is started here';
  const { reports, start } = await startOf(artefacts, wards, modesOf(null, wards.hardening));
  const taken = await runProbe(start, artefacts, bait);
  const active = reports.filter((one) => one.active).map(({ measure }) => measure);
  const forbidden = new Set(active.flatMap((measure) => attemptsOf[measure]));
  const broken = escaped(
    taken,
    ['environment', ...forbidden].filter((attempt) => attempt !== 'owned'),
  );
  if (broken === null) return fails('measures', name, 'a probe did not come up', report);
  if (broken.length > 0) return fails('measures', name, `a probe could: ${broken.join(', ')}`, report);
  const free = allAttempts.filter((attempt) => taken?.[attempt] === null);
  return free.length === 0
    ? holds('measures', name, `none of ${String(allAttempts.length)} ways out`)
    : missing('measures', name, `nothing active holds it back from: ${free.join(', ')}`, 'see the measures that are not to be had');
};

export const checkMeasures = async (artefacts: Artefacts, wards: WardOptions): Promise<readonly DoctorCheck[]> => {
  const bait = await openBait();
  try {
    const none = await startOf(
      artefacts,
      wards,
      Object.fromEntries(measureNames.map((name) => [name, 'off'])) as unknown as HardeningModes,
    );
    const free = await runProbe(none.start, artefacts, bait);
    const checks: DoctorCheck[] = [];
    for (const measure of measureNames) checks.push(await checkOne(measure, artefacts, wards, bait, free));
    return [...checks, await checkAll(artefacts, wards, bait)];
  } finally {
    await bait.close();
  }
};
