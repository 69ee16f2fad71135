// A plan as one SQL text for a DBA: transactional, and right to run a second time. Must never hold a password but where that was asked for.
import { setUpLock, setUpTimeout } from '../role/prepare-role.ts';
import type { PlannedRole } from './plan-roles.ts';

export interface PlanText {
  readonly database: string;
  readonly login: string;
  readonly roles: readonly PlannedRole[];
}

/** A comment ends with its line: no name may end it earlier. */
const comment = (text: string): string => `-- ${text.replaceAll(/[\u0000-\u001f\u007f\u2028\u2029]/g, ' ')}`;

const statement = (text: string): string => `${text};`;

const writeRole = ({ extension, role, statements, passwordStatement }: PlannedRole): readonly string[] => {
  const all = [...statements, ...(passwordStatement === undefined ? [] : [passwordStatement])];
  return all.length === 0 ? [] : ['', comment(`extension ${extension}, role ${role}`), ...all.map(statement)];
};

/** Names are written out in full while search_path is pg_catalog: what is compared later was written like that. */
export const writePlan = ({ database, login, roles }: PlanText): string => {
  const parts = roles.flatMap(writeRole);
  const waiting = roles.filter(({ passwordHolds, passwordStatement }) => !passwordHolds && passwordStatement === undefined).length;
  const remark =
    waiting === 0
      ? []
      : [
          comment(`${String(waiting)} of these roles cannot log in before they have their password, which stands in no plan:`),
          comment('`cloister database plan --passwords` prints it as PostgreSQL stores it (SCRAM), `cloister database apply` sets it.'),
        ];
  if (parts.length === 0) return [comment(`Nothing is missing in ${database}.`), ...remark, ''].join('\n');
  return [
    comment(`What Cloister needs in the database ${database}, for hosts that connect as ${login}.`),
    comment(
      'Run it there as a superuser, or as a role with CREATEROLE that owns the granted tables and this database; twice does no harm:',
    ),
    comment(`psql --set ON_ERROR_STOP=1 --dbname ${database} --file plan.sql`),
    'BEGIN;',
    `SET LOCAL lock_timeout = '${setUpTimeout}';`,
    'SET LOCAL search_path = pg_catalog;',
    `SELECT pg_catalog.pg_advisory_xact_lock(${setUpLock});`,
    ...parts,
    '',
    'COMMIT;',
    ...remark,
    '',
  ].join('\n');
};
