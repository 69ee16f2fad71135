// What a client reads of a quota that is used up, or that nobody can say. Must never tell of another tenant.
import { CloisterError } from '../errors.ts';
import type { QuotaRefusal } from './quota-book.ts';

const exceeded = ({ quota, scope, allowed, retryAfterSeconds }: QuotaRefusal): CloisterError =>
  new CloisterError('ERR_QUOTA_EXCEEDED', `The ${scope} has used up its quota of ${quota} (${String(allowed)}) for now.`, {
    quota,
    scope,
    allowed,
    retryAfterSeconds,
  });

/** null: it may run. An embedder's `quotasOf` that throws is no leave. */
export const quotaRefusal = (refuse: () => QuotaRefusal | null): CloisterError | null => {
  try {
    const refusal = refuse();
    return refusal === null ? null : exceeded(refusal);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return new CloisterError(
      'ERR_TENANT_UNAVAILABLE',
      'The host does not know now what this tenant may use.',
      { retryAfterSeconds: 1 },
      { cause },
    );
  }
};
