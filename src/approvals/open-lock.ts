// Opens the lock that the options name and puts its approvals among theirs. Must never let two places approve one extension.
import type { CapabilityCatalog } from '../config/catalog.ts';
import { type Refuse, refuseApprovals, refuseBoundlessAudit } from '../config/contradictions.ts';
import { extensionIdKey } from '../config/extension-id.ts';
import type { Approval, LockSettings, RuntimeOptions } from '../config/runtime-options.ts';
import { CloisterError } from '../errors.ts';
import { openFileStore } from './file-store.ts';
import { type Lock, type LockForm, makeLockForm } from './lock.ts';
import type { ApprovalStore } from './store.ts';
import { type Connect, openTableStore } from './table-store.ts';

/** `connect` opens a connection of the embedder's own; null: there is no database. */
export const openStore = (
  { file }: LockSettings,
  form: LockForm,
  connect: Connect | null,
  mayBeMissing: boolean,
): ApprovalStore | Promise<ApprovalStore> => {
  if (file !== null) return openFileStore({ file, mayBeMissing }, form);
  if (connect !== null) return openTableStore(connect, form);
  throw new CloisterError('ERR_OPTIONS_INVALID', 'approvals are to be in a table, and there is no database; give one, or name a file');
};

export interface OpenedLock {
  readonly entries: Lock;
  readonly store: ApprovalStore;
}

/** The options with the lock's approvals among theirs. Throws ERR_OPTIONS_INVALID where the two contradict each other, or the ceiling. */
export const joinApprovals = (options: RuntimeOptions, lock: Lock, where: string, catalog: CapabilityCatalog): RuntimeOptions => {
  const refuse: Refuse = (pointer, cause) => {
    const place = pointer.replace(/^\/approvals/, '/extensions');
    throw new CloisterError('ERR_OPTIONS_INVALID', `${where}#${place}: ${cause}`, { where, pointer: place });
  };
  const own = options.approvals === 'requested' ? new Map<string, 'requested' | Approval>() : options.approvals;
  const keys = new Set([...own.keys()].map(extensionIdKey));
  const twice = [...lock.keys()].find((id) => keys.has(extensionIdKey(id)));
  if (twice !== undefined) refuse(`/approvals/${twice}`, 'is approved here and in the option `approvals`; keep one');
  const locked = new Map<string, Approval>([...lock].map(([id, { approved }]) => [id, approved]));
  const checked = { ...options, approvals: locked };
  refuseApprovals(checked, catalog, refuse);
  refuseBoundlessAudit({ ...checked, mode: 'enforce', extensions: [] }, refuse);
  return Object.freeze({ ...options, approvals: new Map([...own, ...locked]) });
};

/** Without the option, the options as they are. */
export const openLock = async (
  options: RuntimeOptions,
  catalog: CapabilityCatalog,
  connect: Connect | null,
): Promise<{ readonly options: RuntimeOptions; readonly lock: OpenedLock | null }> => {
  if (options.lock === null) return { options, lock: null };
  const store = await openStore(options.lock, makeLockForm(catalog), connect, false);
  const entries = await store.read();
  return { options: joinApprovals(options, entries, store.where, catalog), lock: { entries, store } };
};
