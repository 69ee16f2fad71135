// Tells an extension the shape of what its grants cover. Must never look at the database itself: it asks the database capability, and the embedder where that has a schema of its own.
import type { Caller, Capability, CapabilityInstance, Nested } from '../../bridge/capability.ts';
import { withinLease } from '../../bridge/within-lease.ts';
import { CloisterError } from '../../errors.ts';
import { coversList } from '../../policy/covers.ts';
import { type SchemaGrant, type SchemaOverview, schemaContract } from './contract.ts';
import { cutOverview } from './cut-overview.ts';
import { schemaLearning } from './learn.ts';
import { type Description, makeOverview } from './overview.ts';
import { makeSchemaPolicy } from './policy.ts';

/** What all grants name together; null where none names any. */
const intersect = (grants: readonly SchemaGrant[]): ReadonlySet<string> | null => {
  const lists = grants.flatMap(({ collections }) => (collections === undefined ? [] : [collections]));
  const [first, ...rest] = lists;
  return first === undefined ? null : new Set(first.filter((name) => rest.every((list) => list.includes(name))));
};

const nothing: SchemaOverview = { collections: {}, relations: [] };

/** What the embedder gave; null: the schema of the database is told. */
export interface SchemaResources {
  readonly ownSchema: (() => unknown) | null;
}

/** Without a grant of it there is nothing it was granted to see. */
const ask = async (nested: Nested, capability: string): Promise<string | null> => {
  try {
    return (await nested(capability, 'describe', {})).json;
  } catch (error) {
    if (error instanceof CloisterError && error.code === 'ERR_CAPABILITY_NOT_GRANTED') return null;
    throw error;
  }
};

const makeInstance = (grants: readonly SchemaGrant[], resources: SchemaResources): CapabilityInstance => {
  const { ownSchema } = resources;
  const only = intersect(grants);
  let made: { readonly from: string; readonly own: unknown; readonly json: string } | undefined;
  const readDatabase = async (nested: Nested): Promise<string> => {
    const from = await ask(nested, 'database');
    if (from === null) return JSON.stringify(nothing);
    if (made?.from !== from) made = { from, own: null, json: JSON.stringify(makeOverview(JSON.parse(from) as Description, only)) };
    return made.json;
  };
  const readOwn = async (give: () => unknown, caller: Caller, nested: Nested): Promise<string> => {
    const [tables, collections] = [await ask(nested, 'database'), await ask(nested, 'services')];
    const own = await withinLease(caller, async () => give());
    const from = `${tables} ${collections}`;
    if (made?.from === from && made.own === own) return made.json;
    const granted = {
      tables: tables === null ? [] : (JSON.parse(tables) as Description).tables,
      collections: collections === null ? [] : (JSON.parse(collections) as readonly string[]),
    };
    made = { from, own, json: JSON.stringify(cutOverview(own, granted, only)) };
    return made.json;
  };
  return {
    async call(method, _args, caller, nested) {
      if (method !== 'read' || nested === undefined) throw new CloisterError('ERR_METHOD_UNKNOWN', `schema has no method ${method}`);
      return { json: await (ownSchema === null ? readDatabase(nested) : readOwn(ownSchema, caller, nested)) };
    },
    bootValue: () => null,
    narrowed: (grant) => makeInstance([...grants, grant as SchemaGrant], resources),
    close: () => Promise.resolve(),
  };
};

export const schemaCapability: Capability<SchemaResources, SchemaGrant> = {
  contract: schemaContract,
  learning: schemaLearning,
  makePolicy: makeSchemaPolicy,
  covers: (wide, narrow) => coversList(wide.collections, narrow.collections),
  // A list of collections cuts what is told and denies nothing: it holds in mode audit too.
  open: (_extension, grants, resources, waived = []) => Promise.resolve(makeInstance([...grants, ...waived], resources)),
};
