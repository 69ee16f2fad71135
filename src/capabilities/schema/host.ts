// Tells an extension the shape of what its database grant covers. Must never look at the database itself: it asks the database capability.
import type { Capability, CapabilityInstance, Nested } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import { coversList } from '../../policy/covers.ts';
import { type SchemaGrant, type SchemaOverview, schemaContract } from './contract.ts';
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

const makeInstance = (grants: readonly SchemaGrant[]): CapabilityInstance => {
  const only = intersect(grants);
  let made: { readonly from: string; readonly json: string } | undefined;
  const read = async (nested: Nested): Promise<string> => {
    let from: string;
    try {
      from = (await nested('database', 'describe', {})).json;
    } catch (error) {
      // Without a database grant there is nothing it was granted to see.
      if (error instanceof CloisterError && error.code === 'ERR_CAPABILITY_NOT_GRANTED') return JSON.stringify(nothing);
      throw error;
    }
    if (made?.from !== from) made = { from, json: JSON.stringify(makeOverview(JSON.parse(from) as Description, only)) };
    return made.json;
  };
  return {
    async call(method, _args, _caller, nested) {
      if (method !== 'read' || nested === undefined) throw new CloisterError('ERR_METHOD_UNKNOWN', `schema has no method ${method}`);
      return { json: await read(nested) };
    },
    bootValue: () => null,
    narrowed: (grant) => makeInstance([...grants, grant as SchemaGrant]),
    close: () => Promise.resolve(),
  };
};

export const schemaCapability: Capability<Readonly<Record<string, never>>, SchemaGrant> = {
  contract: schemaContract,
  learning: schemaLearning,
  makePolicy: makeSchemaPolicy,
  covers: (wide, narrow) => coversList(wide.collections, narrow.collections),
  // A list of collections cuts what is told and denies nothing: it holds in mode audit too.
  open: (_extension, grants, _resources, waived = []) => Promise.resolve(makeInstance([...grants, ...waived])),
};
