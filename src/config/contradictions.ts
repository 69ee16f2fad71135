// What each option allows and all of them together do not. Must never mend a contradiction: the operator meant one of the two.
import { CloisterError } from '../errors.ts';
import type { LimitName, Limits } from '../limits/table.ts';
import type { CapabilityCatalog } from './catalog.ts';
import { extensionIdKey } from './extension-id.ts';
import type { RuntimeOptions } from './runtime-options.ts';

export type Refuse = (pointer: string, cause: string) => never;

const limitNames = (limits: Partial<Limits>): readonly LimitName[] => Object.keys(limits) as LimitName[];

const refuseLimitsOverCeiling = (limits: Partial<Limits>, ceiling: Partial<Limits>, pointer: string, refuse: Refuse): void => {
  for (const name of limitNames(limits)) {
    const [said, most] = [limits[name], ceiling[name]];
    if (said !== undefined && most !== undefined && said > most)
      refuse(`${pointer}/${name}`, `${said} is over ceiling.limits.${name} = ${most}; lower the one or raise the other`);
  }
};

const refuseTwins = (names: readonly string[], pointer: string, what: string, refuse: Refuse): void => {
  const seen = new Map<string, string>();
  for (const name of names) {
    const other = seen.get(extensionIdKey(name));
    if (other !== undefined) refuse(pointer, `${what} "${name}" and "${other}" are the same (case is ignored); keep one`);
    seen.set(extensionIdKey(name), name);
  }
};

/** Also asked of approvals that stand in a lock. */
export const refuseApprovals = (
  { approvals, ceiling }: Pick<RuntimeOptions, 'approvals' | 'ceiling'>,
  { baseline }: CapabilityCatalog,
  refuse: Refuse,
): void => {
  if (approvals === 'requested') return;
  refuseTwins([...approvals.keys()], '/approvals', 'ids', refuse);
  for (const [id, approval] of approvals) {
    if (approval === 'requested') continue;
    refuseLimitsOverCeiling(approval.limits ?? {}, ceiling.limits, `/approvals/${id}/limits`, refuse);
    if (ceiling.capabilities === null) continue;
    const named = {
      capabilities: approval.capabilities === 'requested' ? {} : (approval.capabilities ?? {}),
      candidate: approval.candidate ?? {},
    };
    for (const [key, grants] of Object.entries(named)) {
      for (const capability of Object.keys(grants)) {
        const most = ceiling.capabilities.get(capability);
        const removed = most === false || (most === undefined && !baseline.has(capability));
        if (removed)
          refuse(
            `/approvals/${id}/${key}/${capability}`,
            'approved, but ceiling.capabilities does not allow it; remove the one or add the other',
          );
      }
    }
  }
};

/** Audit lets through up to the ceiling: without one it would be no sandbox. */
export const refuseBoundlessAudit = ({ mode, extensions, approvals, ceiling }: RuntimeOptions, refuse: Refuse): void => {
  if (ceiling.capabilities !== null) return;
  const inApprovals = approvals === 'requested' ? [] : [...approvals].filter(([, one]) => one !== 'requested' && one.mode === 'audit');
  const places = [
    ...(mode === 'audit' ? ['/mode'] : []),
    ...extensions.flatMap((entry, index) => (entry.mode === 'audit' ? [`/extensions/${index}/mode`] : [])),
    ...inApprovals.map(([id]) => `/approvals/${id}/mode`),
  ];
  const [first] = places;
  if (first !== undefined)
    refuse(
      first,
      'audit lets everything through up to ceiling.capabilities, and there is none; say there the most that any extension may do',
    );
};

const refuseHeapOverWard = (limits: Partial<Limits>, pointer: string, refuse: Refuse): void => {
  const { memoryMb, wardRssMb } = limits;
  if (memoryMb !== undefined && wardRssMb !== undefined && memoryMb > wardRssMb)
    refuse(
      `${pointer}/memoryMb`,
      `${memoryMb} is over wardRssMb = ${wardRssMb}, so no cell could use it; lower the one or raise the other`,
    );
};

/** Throws ERR_OPTIONS_INVALID for the first pair of options that cannot both hold. */
export const refuseContradictions = (options: RuntimeOptions, catalog: CapabilityCatalog, where: string): void => {
  const refuse: Refuse = (pointer, cause) => {
    throw new CloisterError('ERR_OPTIONS_INVALID', `${where}#${pointer}: ${cause}`, { where, pointer });
  };
  if (options.ledger.table !== null && options.database === null)
    refuse('/ledger/table', 'the ledger is to be in a table, and there is no database; give the option database or leave the table out');
  if (options.jobs === 'database' && options.database === null)
    refuse('/jobs', 'jobs are to be kept in the database, and there is none; give the option database or leave jobs out');
  for (const name of options.secrets.keys())
    if (options.env.has(name)) refuse(`/secrets/${name}`, 'env has a value of this name too, and extensions could see that; keep one');
  if (options.lock !== null && options.approvals === 'requested')
    refuse(
      '/approvals',
      '"requested" approves what every package asks for, and a lock approves one by one; leave the one or the other out',
    );
  if (options.lock?.file === null && options.database === null)
    refuse('/lock/table', 'approvals are to be in a table, and there is no database; give the option database or name a file');
  if (options.registry?.folder === null && options.database === null)
    refuse('/registry/table', 'releases are to be in tables, and there is no database; give the option database or name a folder');
  refuseLimitsOverCeiling(options.limits, options.ceiling.limits, '/limits', refuse);
  refuseHeapOverWard(options.limits, '/limits', refuse);
  refuseHeapOverWard(options.ceiling.limits, '/ceiling/limits', refuse);
  refuseTwins(
    options.extensions.flatMap((entry) => entry.id ?? []),
    '/extensions',
    'ids',
    refuse,
  );
  const folders = options.extensions.map((entry) => entry.folder);
  const twice = folders.find((folder, index) => folders.indexOf(folder) !== index);
  if (twice !== undefined) refuse('/extensions', `folder "${twice}" stands there twice; keep one`);
  refuseApprovals(options, catalog, refuse);
  refuseBoundlessAudit(options, refuse);
};
