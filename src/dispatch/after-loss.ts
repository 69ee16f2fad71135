// What becomes of a request whose cell was lost. Must never run again one that has had an effect.
import { CloisterError } from '../errors.ts';
import type { Cell, Loss } from './cell.ts';
import { failGuilty } from './fail-guilty.ts';
import type { Lease } from './lease.ts';
import type { Waiting } from './waiting.ts';

export const afterLoss = (lease: Lease, guilty: boolean, { how, reason }: Loss, { ward }: Cell, waiting: Waiting): void => {
  if (guilty) return failGuilty(lease, how, reason, ward);
  if (lease.mayRunAgain()) return waiting.addAgain(lease);
  lease.fail(new CloisterError('ERR_CELL_LOST', 'The cell was ended by another request.', { retryAfterSeconds: 1 }));
};
