// Least privilege, from audit to enforce: joins, sub-queries, functions and a transaction. Must never name a grant by hand.
import { proveLeast } from '../helpers/least-privilege.ts';

proveLeast(['shelves']);
