// Compiles a schema into a check that throws one clear sentence. Must never change the value it checks.
import { Ajv } from 'ajv';
import type { TSchema } from 'typebox';
import { CloisterError, type ErrorCode } from '../errors.ts';
import { explainErrors } from './explain.ts';

/** Throws the given code, naming `where` (a file, perhaps with `#/pointer`) and the place in it. */
export type Check = (value: unknown, where: string) => void;

/** `where` plus a JSON pointer below it. */
export const placeOf = (where: string, pointer: string): string => (where.includes('#') ? `${where}${pointer}` : `${where}#${pointer}`);

export const makeCheck = (schema: TSchema, code: ErrorCode): Check => {
  const validate = new Ajv({ strict: true, allErrors: true, verbose: true, allowUnionTypes: true }).compile(schema);
  return (value, where) => {
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
