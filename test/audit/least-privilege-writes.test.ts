// Least privilege, from audit to enforce: counts, streams, deletes and a store. Must never name a grant by hand.
import { proveLeast } from '../helpers/least-privilege.ts';

proveLeast(['cleaner', 'keeper']);
