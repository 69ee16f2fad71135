// An author's or operator's own examples of calls, judged by the policies alone. Must never do a call, nor open a connection.
import { Ajv } from 'ajv';
import { Type } from '#typebox';
import type { Policy } from '../bridge/capability.ts';
import { decideAll } from '../bridge/verdict.ts';
import type { CapabilityEntry } from '../capabilities/registry.ts';
import { makeCheck } from '../config/check.ts';
import { parseJson } from '../config/json.ts';

export interface Example {
  readonly capability: string;
  readonly method: string;
  readonly args: unknown;
  /** What it is about, for people. */
  readonly name?: string;
}

export interface Assertions {
  readonly allow: readonly Example[];
  readonly deny: readonly Example[];
}

export interface Asserted {
  readonly name: string;
  readonly expected: 'allow' | 'deny';
  readonly found: 'allow' | 'deny' | 'invalid';
  readonly rule: string;
  readonly holds: boolean;
}

const closed = { additionalProperties: false } as const;
const text = Type.String({ minLength: 1, maxLength: 200 });
const examples = Type.Array(Type.Object({ capability: text, method: text, args: Type.Unknown(), name: Type.Optional(text) }, closed), {
  maxItems: 10_000,
});
const schema = Type.Object(
  { $schema: Type.Optional(Type.String()), allow: Type.Optional(examples), deny: Type.Optional(examples) },
  closed,
);

/** Throws ERR_OPTIONS_INVALID with the place of a mistake. */
export const parseAssertions = (json: string, file: string): Assertions => {
  const value = parseJson(json, file, 'ERR_OPTIONS_INVALID');
  makeCheck(schema, 'ERR_OPTIONS_INVALID')(value, file);
  const { allow = [], deny = [] } = value as Partial<Assertions>;
  return { allow, deny };
};

type Judge = (example: Example) => { readonly found: Asserted['found']; readonly rule: string };

/** The policies of one extension. `grants`: capability → grants that must all allow. */
const makeJudge = async (registry: readonly CapabilityEntry[], grants: ReadonlyMap<string, readonly unknown[]>): Promise<Judge> => {
  const ajv = new Ajv({ strict: true, strictTypes: false });
  const policies = new Map<string, readonly Policy[]>();
  for (const { capability } of registry) {
    const mine = grants.get(capability.contract.name);
    if (mine === undefined) continue;
    const whole = await capability.judgeOffline?.(mine);
    policies.set(capability.contract.name, [...mine.map((grant) => capability.makePolicy(grant)), ...(whole === undefined ? [] : [whole])]);
  }
  return ({ capability, method, args }) => {
    const own = policies.get(capability);
    if (own === undefined) return { found: 'deny', rule: 'ERR_CAPABILITY_NOT_GRANTED' };
    const methods = registry.find((entry) => entry.capability.contract.name === capability)?.capability.contract.methods ?? {};
    const contract = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (contract !== undefined && !ajv.validate(contract.args, args)) return { found: 'invalid', rule: ajv.errorsText() };
    const decision = decideAll(own, method, args);
    return { found: decision.allow ? 'allow' : 'deny', rule: decision.rule };
  };
};

const showExample = ({ name, capability, method, args }: Example): string =>
  name ?? `${capability}.${method} ${JSON.stringify(args)}`.slice(0, 200);

export const judgeAssertions = async (
  { allow, deny }: Assertions,
  registry: readonly CapabilityEntry[],
  grants: ReadonlyMap<string, readonly unknown[]>,
): Promise<readonly Asserted[]> => {
  const judge = await makeJudge(registry, grants);
  const ask = (expected: Asserted['expected'], list: readonly Example[]): readonly Asserted[] =>
    list.map((example) => {
      const { found, rule } = judge(example);
      return { name: showExample(example), expected, found, rule, holds: found === expected };
    });
  return [...ask('allow', allow), ...ask('deny', deny)];
};
