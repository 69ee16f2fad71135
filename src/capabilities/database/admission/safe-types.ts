// The types a cast may name, as data. Must never list one whose input looks something up in the catalog (reg*, aclitem, row types).

const safe = `bool int2 int4 int8 float4 float8 numeric money text varchar bpchar char name bytea date time timetz timestamp timestamptz interval
  uuid json jsonb jsonpath bit varbit inet cidr macaddr macaddr8 point line lseg box path polygon circle tsvector tsquery
  int4range int8range numrange tsrange tstzrange daterange int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange oid record`;

/** By the name in pg_type; array types are written with `[]` and judged by their element. */
export const makeSafeTypes = (): ReadonlySet<string> => new Set(safe.split(/\s+/));
