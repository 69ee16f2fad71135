// From an embedder's own SchemaOverview, such as Directus's, to the part that an extension's grants cover. Pure; must never tell of more than it was given, nor change what it cuts.
import type { Description } from './overview.ts';

type Values = Readonly<Record<string, unknown>>;

export interface GrantedParts {
  /** Of the database grant: with their columns. */
  readonly tables: readonly Pick<Description['tables'][number], 'collection' | 'columns'>[];
  /** Of grants of services: whole. */
  readonly collections: readonly string[];
}

const isValues = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value);
const valuesOf = (value: unknown): Values => (isValues(value) ? value : {});

/** Without a prototype, so that a collection named constructor is one more. */
const pick = (values: Values, keep: (key: string, value: unknown) => unknown): Values => {
  const picked = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(values)) {
    const kept = keep(key, value);
    if (kept !== undefined) picked[key] = kept;
  }
  return picked;
};

/** `only`: what all grants of schema name together; null where none names any. */
export const cutOverview = (own: unknown, { tables, collections }: GrantedParts, only: ReadonlySet<string> | null): Values => {
  const { collections: all, relations } = valuesOf(own);
  const whole = new Set(collections);
  const columns = new Map(tables.map((table) => [table.collection, new Set(table.columns.map(({ name }) => name))]));
  const coversField = (collection: string, field: string): boolean => whole.has(collection) || columns.get(collection)?.has(field) === true;
  const shown = new Set(
    Object.entries(valuesOf(all)).flatMap(([name, value]) =>
      (only === null || only.has(name)) && coversField(name, String(valuesOf(value)['primary'])) ? [name] : [],
    ),
  );

  const cutRelation = (relation: Values): Values | null => {
    const { collection, field, related_collection: related, meta } = relation;
    if (!shown.has(String(collection)) || !coversField(String(collection), String(field))) return null;
    if (typeof related === 'string') return shown.has(related) ? relation : null;
    // One that leads to several: to those that are shown.
    const allowed = valuesOf(meta)['one_allowed_collections'];
    if (!Array.isArray(allowed)) return null;
    return { ...relation, meta: { ...valuesOf(meta), one_allowed_collections: allowed.filter((name) => shown.has(String(name))) } };
  };
  const list: readonly Values[] = Array.isArray(relations) ? relations.filter(isValues) : [];
  const kept = list.flatMap((relation): readonly Values[] => {
    const cut = cutRelation(relation);
    return cut === null ? [] : [cut];
  });
  const farField = ({ related_collection: related, meta }: Values): string => JSON.stringify([related, valuesOf(meta)['one_field']]);
  const farAll = new Set(list.map((relation) => farField(relation)));
  const farKept = new Set(kept.map((relation) => farField(relation)));

  return {
    collections: pick(valuesOf(all), (name, value) => {
      if (!shown.has(name)) return undefined;
      const fields = pick(valuesOf(valuesOf(value)['fields']), (field, told) => {
        const key = JSON.stringify([name, field]);
        // The far side of a relation stands and falls with it.
        const isThere = farAll.has(key) ? farKept.has(key) : coversField(name, field);
        return isThere ? told : undefined;
      });
      return { ...valuesOf(value), fields };
    }),
    relations: kept,
  };
};
