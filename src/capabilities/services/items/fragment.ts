// Pieces of SQL in Knex's raw form: `??` for each name, `?` for each value. Must never hold a name or a value in its text.

export interface Fragment {
  readonly sql: string;
  readonly bindings: readonly (string | number)[];
}

export const sql = (text: string, ...bindings: readonly (string | number)[]): Fragment => ({ sql: text, bindings });

export const join = (parts: readonly Fragment[], between: string): Fragment => ({
  sql: parts.map((part) => part.sql).join(between),
  bindings: parts.flatMap((part) => part.bindings),
});

/** `text` has a `$$` where the piece goes, as often as it does. */
export const around = (text: string, ...pieces: readonly Fragment[]): Fragment => {
  const [head = '', ...tails] = text.split('$$');
  return {
    sql: head + tails.map((tail, index) => (pieces[index]?.sql ?? '') + tail).join(''),
    bindings: pieces.slice(0, tails.length).flatMap((piece) => piece.bindings),
  };
};

/** An array as PostgreSQL reads it. The text of a statement stays the same, however many there are. */
export const arrayText = (values: readonly string[]): string =>
  `{${values.map((value) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`;
