// What the host binds beside the guest's own, and takes off the answer again. Must never take a value of the guest for one of the caller's.
import type { Caller } from '../../../bridge/capability.ts';
import { CloisterError } from '../../../errors.ts';
import { makeCallerValues, valueOf } from '../pool/caller-identity.ts';
import type { Admitted } from './admission.ts';

/** An answer without the columns that only checked its rows. */
export const dropChecks = <Outcome extends { readonly fieldsJson: string; readonly rows: readonly (readonly (string | null)[])[] }>(
  outcome: Outcome,
  checkColumns: number,
): Outcome => {
  if (checkColumns === 0) return outcome;
  const fields = (JSON.parse(outcome.fieldsJson) as readonly unknown[]).slice(0, -checkColumns);
  const rows = fields.length === 0 ? [] : outcome.rows.map((row) => row.slice(0, -checkColumns));
  return { ...outcome, fieldsJson: JSON.stringify(fields), rows };
};

/** The guest's bindings, which must be as many as its statement takes: one more would stand where the tenant belongs. */
export const bindExtra = <Value>(
  { parameters, extra }: Admitted,
  bindings: readonly Value[],
  caller: Pick<Caller, 'tenant' | 'accountability' | 'tenantVars'>,
): readonly (Value | string | null)[] => {
  if (parameters === null) return bindings;
  if (parameters !== bindings.length) {
    throw new CloisterError(
      'ERR_DATABASE_FAILED',
      `the statement takes ${String(parameters)} bindings, and ${String(bindings.length)} were given`,
      { sqlState: '08P01' },
    );
  }
  const values = makeCallerValues(caller);
  return [...bindings, ...extra.map((variable) => valueOf(values, variable))];
};
