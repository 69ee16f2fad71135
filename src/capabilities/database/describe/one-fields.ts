// Names the far side of a foreign key: the field by which a row reaches the rows that point to it. Pure; must never take a name that a column has.

interface Key {
  readonly collection: string;
  readonly column: string;
  readonly related: string;
}

interface Table {
  readonly collection: string;
  readonly table: string;
  readonly columns: readonly { readonly name: string }[];
}

/** The pointing table's name; with its column, where several columns point or the name is taken; null where both are. */
export const nameOneFields = <K extends Key>(
  keys: readonly K[],
  tables: readonly Table[],
): readonly (K & { readonly oneField: string | null })[] => {
  const taken = new Map(tables.map(({ collection, columns }) => [collection, new Set(columns.map(({ name }) => name))]));
  const tableName = new Map(tables.map(({ collection, table }) => [collection, table]));
  return keys.map((key) => {
    const names = taken.get(key.related) ?? new Set<string>();
    const table = tableName.get(key.collection) ?? key.collection;
    const several = keys.filter(({ collection, related }) => collection === key.collection && related === key.related).length > 1;
    // A dot would cut the name in two where a query spells a path.
    const oneField =
      [...(several ? [] : [table]), `${table}_${key.column}`].find((name) => !names.has(name) && !name.includes('.')) ?? null;
    if (oneField !== null) names.add(oneField);
    return { ...key, oneField };
  });
};
