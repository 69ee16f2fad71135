// How much one call of the built-in ItemsService may ask for. docs/limits.md is locked to it by a test. Must never hold logic.

export const itemsBounds = {
  defaultLimit: { unit: 'count', value: 100, meaning: 'Items of a query, and of each relation in it, that says no `limit`.' },
  fields: { unit: 'count', value: 1_000, meaning: 'Fields that one query selects, stars written out, on all levels together.' },
  relations: { unit: 'count', value: 64, meaning: 'Relations that one query reads: each is one statement.' },
  pathDepth: { unit: 'count', value: 10, meaning: 'Relations in one path, and levels of a nested payload.' },
  conditions: { unit: 'count', value: 500, meaning: 'Conditions of one query, on all levels together.' },
  filterDepth: { unit: 'count', value: 20, meaning: 'Levels of `_and`, `_or` and relations in one filter.' },
  joins: { unit: 'count', value: 64, meaning: 'Relations that the filter and the order of one statement go through.' },
  listItems: { unit: 'count', value: 10_000, meaning: 'Values of one list: `_in`, or the keys of one call.' },
  textChars: { unit: 'characters', value: 65_536, meaning: 'Text of one value in a filter; a search may have a sixteenth of it.' },
  pathItems: { unit: 'count', value: 20, meaning: 'Steps of a path into a JSON document.' },
  mutationItems: { unit: 'count', value: 10_000, meaning: 'Items that one call creates or changes, nested ones among them.' },
  insertValues: { unit: 'count', value: 2_000, meaning: 'Values of one INSERT: more items go in several.' },
  resultChars: {
    unit: 'characters',
    value: 33_554_432,
    meaning: 'Values of one result with its relations: an item that many point to counts each time.',
  },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
