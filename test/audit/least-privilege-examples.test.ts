// Least privilege, from audit to enforce: examples on routes, a table, a log and a stream. Must never name a grant by hand.
import { proveLeast } from '../helpers/least-privilege.ts';

proveLeast(['articles', 'bare', 'guarded', 'ticker']);
