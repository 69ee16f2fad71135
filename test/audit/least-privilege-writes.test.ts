// Least privilege, from audit to enforce: counts, streams and deletes. Must never name a grant by hand.
import { proveLeast } from '../helpers/least-privilege.ts';

proveLeast(['cleaner']);
