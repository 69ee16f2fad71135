// Answers the request that brought its cell or ward down, and says on the ledger by what. Must never be asked about a bystander.
import { CloisterError } from '../errors.ts';
import type { Ward } from '../wards/ward.ts';
import type { Loss } from './cell.ts';
import type { Lease } from './lease.ts';

export const failGuilty = (lease: Lease, how: Loss['how'], reason: string, ward: Ward): void => {
  const { memoryMb } = lease.limits;
  if (how === 'memory') return lease.breach('ERR_MEMORY_EXCEEDED', 'memoryMb', memoryMb, memoryMb + 1);
  if (ward.overRssMb > 0) lease.record({ kind: 'limit', limit: 'wardRssMb', allowed: ward.rssLimitMb, used: ward.overRssMb });
  else if (ward.heapFailed) lease.record({ kind: 'limit', limit: 'memoryMb', allowed: memoryMb, used: memoryMb + 1 });
  lease.fail(new CloisterError('ERR_WARD_CRASHED', 'The request ended the process it ran in.', { reason }));
};
