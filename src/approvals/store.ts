// Where approvals and approved scripts are kept. Must never give a script that nobody hashed.
import { createHash } from 'node:crypto';
import { CloisterError } from '../errors.ts';
import type { Lock, LockEntry } from './lock.ts';

export interface ApprovalStore {
  /** For messages: the lock's file, or the table. */
  readonly where: string;
  read(): Promise<Lock>;
  /** Sets one extension's entry, or takes it away; what others change meanwhile stays. Gives what stood there. */
  put(id: string, entry: LockEntry | null): Promise<LockEntry | null>;
  /** Keeps the script under its digest, before an entry names it. */
  keep(artifact: string, script: string): Promise<void>;
  /** The bytes as they are; null: there are none. Whoever runs them checks them first. */
  load(artifact: string): Promise<string | null>;
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The script that was approved, or ERR_ARTIFACT_INVALID: what is hashed is what runs. */
export const loadArtifact = async (store: ApprovalStore, id: string, artifact: string): Promise<string> => {
  const refuse = (cause: string): CloisterError =>
    new CloisterError('ERR_ARTIFACT_INVALID', `extension ${id}: the approved script ${artifact.slice(0, 12)}… ${cause}`, { extension: id });
  const script = await store.load(artifact);
  if (script === null) throw refuse(`is not kept beside ${store.where}; put the approved version back, or approve what is there`);
  if (sha256(script) !== artifact) throw refuse(`kept beside ${store.where} was changed: its SHA-256 is another; it is not run`);
  return script;
};
