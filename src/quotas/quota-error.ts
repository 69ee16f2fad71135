// What a client reads of a quota that is used up. Must never tell of another tenant.
import { CloisterError } from '../errors.ts';
import type { QuotaRefusal } from './quota-book.ts';

export const quotaExceeded = ({ quota, scope, allowed, retryAfterSeconds }: QuotaRefusal): CloisterError =>
  new CloisterError('ERR_QUOTA_EXCEEDED', `The ${scope} has used up its quota of ${quota} (${String(allowed)}) for now.`, {
    quota,
    scope,
    allowed,
    retryAfterSeconds,
  });
