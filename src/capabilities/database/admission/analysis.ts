// What admission reads off a statement. Types only; must never know a grant.
import type { Operation } from '../names.ts';

export type DefinitionKind = 'create table' | 'alter table' | 'drop table' | 'create index' | 'drop index';
export type StatementKind = 'select' | 'insert' | 'update' | 'delete' | DefinitionKind;

export interface RelationName {
  readonly schema: string;
  readonly name: string;
}

export interface TableNeed {
  readonly schema: string;
  readonly name: string;
  readonly operation: Operation;
}

/** Each is of one text of one tenant: what is found out beyond it hangs on this very object, so that it is that tenant's as well and goes with it. */
export type Analysis =
  | {
      readonly ok: true;
      readonly kind: StatementKind;
      readonly needs: readonly TableNeed[];
      /** Only of a definition: what it makes, changes, drops or refers to, all of which has to be the extension's own. */
      readonly defines?: { readonly relations: readonly RelationName[]; readonly columns: readonly string[] };
      /** Labels of the tables, for the ledger. */
      readonly tables: readonly string[];
      /** Calls off the safe list, as `name` or `schema.name`. */
      readonly functions: readonly string[];
      /** Every function called without a schema: what a function of the database's own could stand in front of. */
      readonly calls: readonly string[];
      /** Names after a dot in a column reference: PostgreSQL calls a function of that name where there is no such column. */
      readonly attributes: readonly string[];
      /** The statement, or one inside its WITH, changes rows. */
      readonly writes: boolean;
      /** It may answer with rows. */
      readonly answersRows: boolean;
    }
  | { readonly ok: false; readonly rule: string; readonly reason: string };

/** The tenant says whose memo is asked, and nothing else: the same text has the same analysis for all. */
export type Analyse = (sql: string, tenant: string) => Analysis;
