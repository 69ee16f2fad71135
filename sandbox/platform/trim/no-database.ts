// The database capability's guest side in a boot profile without Knex. Must never reach anything: it only says so.
import { makeRefusingFunction } from '../builtins/refusing.ts';

export default (): unknown => makeRefusingFunction('database');
