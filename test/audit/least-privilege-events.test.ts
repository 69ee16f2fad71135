// Least privilege, from audit to enforce: events and hooks. Must never name a grant by hand.
import { proveLeast } from '../helpers/least-privilege.ts';

proveLeast(
  ['orders', 'taxes'],
  new Map([
    ['orders', ['taxes']],
    ['taxes', ['orders']],
  ]),
);
