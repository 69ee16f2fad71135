// Compiles a schema into a check that throws one clear sentence. Must never change the value it checks.
import { createHash } from 'node:crypto';
import { Ajv, type ValidateFunction } from 'ajv';
import { LRUCache } from 'lru-cache';
import type { TSchema } from '#typebox';
import { CloisterError, type ErrorCode } from '../errors.ts';
import { explainErrors } from './explain.ts';
import { makeSchemaPart } from './schema-part.ts';
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

/** None is used often enough to win back what the optimizer takes. Our own schemas need no schema of schemas, which costs more than they do: test/meta/schemas.test.ts has it. */
const compile = (schema: object, allErrors: boolean): ValidateFunction =>
  new Ajv({
    strict: true,
    allErrors,
    verbose: true,
    allowUnionTypes: true,
    validateSchema: false,
    meta: false,
    code: { optimize: false },
  }).compile(schema);

/** More parts than a host's packages have; then it begins anew. */
const maxParts = 100;

/** Of this process, by the text of schemas: each approval, each deployment tried and each new runtime makes checks that were made before. */
const made = new LRUCache<string, ValidateFunction>({ max: maxParts });

const compileOnce = (schema: object, text: string, allErrors: boolean): ValidateFunction => {
  const name = createHash('sha256')
    .update(`${String(allErrors)} ${text}`)
    .digest('base64');
  const validate = made.get(name) ?? compile(schema, allErrors);
  made.set(name, validate);
  return validate;
};

/** Characters. A schema that is shorter is compiled whole: once, whatever the values. */
const longSchema = 4_000;

/** Compiles what the values it gets can meet, each part once. */
export const makeCheck = (schema: TSchema, code: ErrorCode): Check => {
  const whole = JSON.stringify(schema);
  return (value, where) => {
    const part = whole.length < longSchema ? schema : makeSchemaPart(schema, value);
    // All errors tell best what was meant; the first alone where there may be any number of them.
    const validate = compileOnce(part, part === schema ? whole : JSON.stringify(part), !holdsMany(value));
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
