// Compiles the schema of a method's arguments, once. Must never change what it checks.
import { Ajv } from 'ajv';
import type { JsonSchema, ServiceMethod } from './definition.ts';

/** null where the list fits, else what is wrong with it; never a value. */
export type ArgumentCheck = (args: readonly unknown[]) => string | null;

export type CompileArguments = (schema: object) => ArgumentCheck;

/** One compiler for many schemas: their own ids stay their own. Throws where ajv refuses a schema. */
export const makeArgumentCompiler = (): CompileArguments => {
  const ajv = new Ajv({ strict: true, strictTypes: false, strictTuples: false, allErrors: false, addUsedSchema: false, logger: false });
  return (schema) => {
    const validate = ajv.compile(schema);
    // Its answer would be a promise, and a promise is true.
    if ('$async' in validate) throw new Error('"$async" schemas are not taken');
    return (args) => {
      if (validate(args)) return null;
      const [first] = validate.errors ?? [];
      return `the arguments${first?.instancePath ?? ''} ${first?.message ?? 'do not fit'}`;
    };
  };
};

const orNothing = (schema: JsonSchema): object => ({ anyOf: [{ type: 'null' }, schema] });

/** The list that a method's positional schemas make together. What need not be given may be null, which stands for undefined. */
export const listSchema = ({ args, required = args.length }: ServiceMethod): object => ({
  type: 'array',
  minItems: required,
  maxItems: args.length,
  ...(args.length === 0 ? {} : { items: args.map((schema, index) => (index < required ? schema : orNothing(schema))) }),
});
