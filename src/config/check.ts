// Compiles a schema into a check that throws one clear sentence. Must never change the value it checks.
import { createHash } from 'node:crypto';
import { Ajv, type ValidateFunction } from 'ajv';
import { LRUCache } from 'lru-cache';
import type { TSchema } from '#typebox';
import { CloisterError, type ErrorCode } from '../errors.ts';
import { explainErrors } from './explain.ts';
import { showEnds } from './show.ts';

/** Throws the given code, naming `where` (a file, perhaps with `#/pointer`) and the place in it. */
export type Check = (value: unknown, where: string) => void;

/** Names in a pointer are its writer's. */
const maxPointerLength = 400;

/** `where` plus a JSON pointer below it. */
const placeOf = (where: string, pointer: string): string =>
  `${where}${where.includes('#') ? '' : '#'}${showEnds(pointer, maxPointerLength)}`;

/** More values than anybody writes by hand. All that is wrong with so many is not looked for: it grows with their square. */
const manyValues = 4_000;

const holdsMany = (value: unknown): boolean => {
  const waiting: unknown[] = [value];
  let counted = 0;
  for (let at = waiting.pop(); at !== undefined || waiting.length > 0; at = waiting.pop()) {
    if (typeof at !== 'object' || at === null) continue;
    const inner = Object.values(at);
    counted += inner.length;
    if (counted > manyValues) return true;
    waiting.push(...inner);
  }
  return false;
};

type Node = Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The part of a schema that this value can meet: what it has no key for cannot be wrong, and costs most of the compiling. `met`: which part it is. */
const partFor = (schema: Node, value: unknown, met: string[]): Node => {
  const { properties, anyOf } = schema;
  const literal = Array.isArray(anyOf)
    ? anyOf.findIndex((branch: Node) => Object.hasOwn(branch, 'const') && branch['const'] === value)
    : -1;
  if (Array.isArray(anyOf) && literal >= 0) {
    met.push(`=${literal}`);
    return anyOf[literal] as Node;
  }
  if (!isNode(properties) || !isNode(value)) return schema;
  const parts = Object.entries(properties).map(([key, inner]) => {
    if (!Object.hasOwn(value, key)) return [key, {}];
    met.push(key, '{');
    const part = partFor(inner as Node, value[key], met);
    met.push('}');
    return [key, part];
  });
  return { ...schema, properties: Object.fromEntries(parts) };
};

/** None is used often enough to win back what the optimizer takes. Our own schemas need no schema of schemas, which costs more than they do: test/meta/schemas.test.ts has it. */
const compile = (schema: object, allErrors: boolean): ValidateFunction =>
  new Ajv({ strict: true, allErrors, verbose: true, allowUnionTypes: true, validateSchema: false, code: { optimize: false } }).compile(
    schema,
  );

/** More parts than a host's packages have; then it begins anew. */
const maxParts = 100;

/** Of this process, by the text of schemas: each approval, each deployment tried and each new runtime makes checks that were made before. */
const made = new LRUCache<string, ValidateFunction>({ max: maxParts });

const compileOnce = (schema: object, allErrors: boolean): ValidateFunction => {
  const name = createHash('sha256')
    .update(`${String(allErrors)} ${JSON.stringify(schema)}`)
    .digest('base64');
  const validate = made.get(name) ?? compile(schema, allErrors);
  made.set(name, validate);
  return validate;
};

/** Compiles what the values it gets can meet, each part once. */
export const makeCheck = (schema: TSchema, code: ErrorCode): Check => {
  const compiled = new Map<string, ValidateFunction>();
  return (value, where) => {
    const met: string[] = [];
    const part = partFor(schema as Node, value, met);
    // All errors tell best what was meant; the first alone where there may be any number of them.
    const allErrors = !holdsMany(value);
    const name = `${met.join(' ')}${allErrors ? '' : ' first'}`;
    const validate = compiled.get(name) ?? compileOnce(part, allErrors);
    if (compiled.size >= maxParts) compiled.clear();
    compiled.set(name, validate);
    if (validate(value)) return;
    const problem = explainErrors(validate.errors ?? []);
    throw new CloisterError(code, `${placeOf(where, problem.pointer)}: ${problem.sentence}`, {
      where,
      pointer: problem.pointer,
      expected: problem.expected,
      found: problem.found,
    });
  };
};
