// Least privilege, from audit to enforce: environment, headers, services and fetch. Must never name a grant by hand.
import { proveLeast } from '../helpers/least-privilege.ts';

proveLeast(['settings', 'digests', 'caller', 'greet'], new Map([['greet', []]]));
