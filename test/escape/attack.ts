// How the lists of attacks are written, and what each attack is. Must never hold one.

export type Value = string | number | boolean | null;

export interface Attack {
  readonly name: string;
  readonly sql: string;
  readonly bindings?: readonly Value[];
  /**
   * refused: it fails; holds: it fails, or answers with nothing of others; empty: it answers and changes nothing; own: it succeeds and shows nothing of others; a list: exactly these rows.
   * Whatever is expected: no canary in answer or error, and nothing of others has changed.
   */
  readonly expects: 'refused' | 'holds' | 'empty' | 'own' | readonly (readonly (string | null)[])[];
  /** Only the first wall promises it: to PostgreSQL it is everybody's right. */
  readonly only?: 'admission';
}

export const refused = (name: string, sql: string, bindings: readonly Value[] = []): Attack => ({
  name,
  sql,
  bindings,
  expects: 'refused',
});
export const refusedByAdmission = (name: string, sql: string): Attack => ({ name, sql, expects: 'refused', only: 'admission' });
export const empty = (name: string, sql: string, bindings: readonly Value[] = []): Attack => ({ name, sql, bindings, expects: 'empty' });
export const rows = (
  name: string,
  sql: string,
  expects: readonly (readonly (string | null)[])[],
  bindings: readonly Value[] = [],
): Attack => ({
  name,
  sql,
  bindings,
  expects,
});

export const two = [['1'], ['2']] as const;

/** Those that try for what is others’ and get nothing, of the ones a wall answers for alone. */
export const refusedBy = (wall: 'admission' | 'role', attacks: readonly Attack[]): number =>
  attacks.filter(({ expects, only }) => (expects === 'refused' || expects === 'empty') && (only === undefined || only === wall)).length;
