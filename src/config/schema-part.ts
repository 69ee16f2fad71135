// The part of a schema that some values can meet: nothing of them stands where the rest would judge, and compiling the rest takes most of a start. Must never leave out what could refuse one of them.

type Node = Readonly<Record<string, unknown>>;
/** All that stands, in one checked value, where a schema judges. */
type Values = readonly unknown[];

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

const underKey = (values: Values, key: string): Values =>
  values.flatMap((value) => (isNode(value) && Object.hasOwn(value, key) ? [value[key]] : []));
const underAnyKey = (values: Values): Values => values.flatMap((value) => (isNode(value) ? Object.values(value) : []));
const elements = (values: Values): Values => values.flatMap((value) => (Array.isArray(value) ? value : []));

const definitionOf = (root: Node, reference: unknown): unknown => {
  const name = typeof reference === 'string' ? /^#\/definitions\/([^/]+)$/.exec(reference)?.[1] : undefined;
  return name !== undefined && isNode(root['definitions']) ? root['definitions'][name] : undefined;
};

/** What judges the same values as the schema itself, or what stands below them. Other keywords stay as they are. */
const narrow = (keyword: string, inner: unknown, values: Values, root: Node): unknown => {
  const eachOf = (schemas: unknown, below: (key: string) => Values): unknown =>
    isNode(schemas) ? Object.fromEntries(Object.entries(schemas).map(([key, schema]) => [key, partOf(schema, below(key), root)])) : schemas;
  const listOf = (schemas: unknown, below: Values): unknown =>
    Array.isArray(schemas) ? schemas.map((schema) => partOf(schema, below, root)) : partOf(schemas, below, root);
  switch (keyword) {
    case 'properties':
      return eachOf(inner, (key) => underKey(values, key));
    case 'patternProperties':
      return eachOf(inner, () => underAnyKey(values));
    case 'additionalProperties':
      return partOf(inner, underAnyKey(values), root);
    case 'items':
      return listOf(inner, elements(values));
    case 'anyOf':
    case 'oneOf':
    case 'allOf':
      return listOf(inner, values);
    default:
      return inner;
  }
};

const partOf = (schema: unknown, values: Values, root: Node): unknown => {
  if (!isNode(schema)) return schema;
  if (values.length === 0) return {};
  const definition = Object.keys(schema).length === 1 ? definitionOf(root, schema['$ref']) : undefined;
  if (definition !== undefined) return partOf(definition, values, root);
  return Object.fromEntries(Object.entries(schema).map(([keyword, inner]) => [keyword, narrow(keyword, inner, values, root)]));
};

/** Judges this value as the schema does, with the same errors: each key that is known stays known. */
export const makeSchemaPart = (schema: object, value: unknown): object => {
  const { definitions, ...root } = schema as Node;
  const part = partOf(root, [value], schema as Node) as object;
  return JSON.stringify(part).includes('"$ref"') ? { ...part, definitions } : part;
};
