// Checks what an embedder registers as services. Must never call one of them, and never take a method that is not listed.
import { type CompileArguments, listSchema, makeArgumentCompiler } from '../capabilities/services/argument-check.ts';
import { servicesBounds } from '../capabilities/services/bounds.ts';
import { namePattern } from '../capabilities/services/contract.ts';
import type { ServiceMethod } from '../capabilities/services/definition.ts';
import type { RegisteredMethod, RegisteredService } from '../capabilities/services/registered.ts';
import { CloisterError } from '../errors.ts';
import { showText, showValue } from './show.ts';
import { suggestKey } from './suggest.ts';

type Values = Readonly<Record<string, unknown>>;

const kinds = ['object', 'class', 'factory'] as const;
type Kind = (typeof kinds)[number];

const keysOfKind: Readonly<Record<Kind, readonly string[]>> = {
  object: ['kind', 'service', 'methods', 'about'],
  class: ['kind', 'service', 'methods', 'collection', 'joins', 'schema', 'knex', 'about'],
  factory: ['kind', 'service', 'methods', 'collection', 'joins', 'about'],
};
const methodKeys = ['args', 'required', 'effect'] as const;
const { nameChars, services: mostServices, methods: mostMethods, args: mostArgs } = servicesBounds;

const namePatternExpression = new RegExp(namePattern);
const isName = (name: string): boolean => namePatternExpression.test(name);
const isValues = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value);

const refuse = (where: string, place: string, sentence: string): CloisterError =>
  new CloisterError('ERR_OPTIONS_INVALID', `${where}#/services${place}: ${sentence}`, { where, pointer: `/services${place}` });

const expected = (where: string, place: string, what: string, found: unknown): CloisterError =>
  refuse(where, place, `expected ${what}, found ${showValue(found)}`);

const refuseUnknownKeys = (where: string, place: string, value: Values, known: readonly string[]): void => {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = suggestKey(key, known);
    const hint = near === null ? '' : `, did you mean "${near}"?`;
    throw refuse(where, place, `unknown key "${showText(key)}"${hint} (expected only ${known.join(', ')})`);
  }
};

const parseMethod = (where: string, place: string, value: unknown, compile: CompileArguments): RegisteredMethod => {
  if (!isValues(value)) throw expected(where, place, 'an object with args and effect', value);
  refuseUnknownKeys(where, place, value, methodKeys);
  const { args, required, effect } = value;
  if (!Array.isArray(args) || args.length > mostArgs.value)
    throw expected(where, `${place}/args`, `a list of at most ${mostArgs.value} JSON Schemas, one for each argument`, args);
  for (const [index, schema] of args.entries())
    if (!isValues(schema) && typeof schema !== 'boolean') throw expected(where, `${place}/args/${index}`, 'a JSON Schema', schema);
  if (typeof effect !== 'boolean') throw expected(where, `${place}/effect`, 'true, or false where a call leaves nothing behind', effect);
  if (required !== undefined && !(Number.isInteger(required) && Number(required) >= 0 && Number(required) <= args.length))
    throw expected(where, `${place}/required`, `a whole number from 0 to ${args.length}`, required);
  const method: ServiceMethod = { args, effect, ...(required === undefined ? {} : { required: Number(required) }) };
  try {
    return { effect, required: method.required ?? args.length, check: compile(listSchema(method)) };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw refuse(where, `${place}/args`, `not JSON Schemas that ajv takes: ${showText(cause, 300)}`);
  }
};

const parseMethods = (where: string, place: string, value: unknown, compile: CompileArguments): ReadonlyMap<string, RegisteredMethod> => {
  const at = `${place}/methods`;
  if (!isValues(value)) throw expected(where, at, 'an object of methods by name', value);
  const entries = Object.entries(value);
  if (entries.length === 0) throw refuse(where, at, 'expected at least one method, found none; nothing else of a service can be called');
  if (entries.length > mostMethods.value) throw refuse(where, at, `expected at most ${mostMethods.value} methods, found ${entries.length}`);
  return new Map(
    entries.map(([name, method]) => {
      if (!isName(name))
        throw expected(where, at, `names of at most ${nameChars.value} letters, digits and "_", and none that every object has`, name);
      return [name, parseMethod(where, `${at}/${name}`, method, compile)];
    }),
  );
};

const parseFlag = (where: string, place: string, value: unknown): boolean => {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw expected(where, place, 'true or false', value);
  return value;
};

const refuseMissing = (where: string, place: string, holder: object, methods: ReadonlyMap<string, unknown>): void => {
  for (const name of methods.keys())
    if (typeof Reflect.get(holder, name) !== 'function')
      throw refuse(where, `${place}/methods/${name}`, `expected a method of the service, found ${showValue(Reflect.get(holder, name))}`);
};

const isClass = (value: unknown): value is (new (...args: never[]) => object) & { readonly prototype: object } =>
  typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null;

const parseService = (where: string, name: string, value: unknown, compile: CompileArguments): RegisteredService => {
  const place = `/${name}`;
  if (!isValues(value)) throw expected(where, place, 'a definition with kind, service and methods', value);
  const kind = kinds.find((one) => one === value['kind']);
  if (kind === undefined) throw expected(where, `${place}/kind`, kinds.map((one) => `"${one}"`).join(' or '), value['kind']);
  refuseUnknownKeys(where, place, value, keysOfKind[kind]);
  const { service, schema } = value;
  const methods = parseMethods(where, place, value['methods'], compile);
  const collection = parseFlag(where, `${place}/collection`, value['collection']);
  const joins = parseFlag(where, `${place}/joins`, value['joins']);
  const about = value['about'] ?? null;
  if (about !== null && (typeof about !== 'string' || about === ''))
    throw expected(where, `${place}/about`, 'the name of a collection', about);
  const common = { methods, collection, joins, about };
  switch (kind) {
    case 'object':
      if (typeof service !== 'object' || service === null) throw expected(where, `${place}/service`, 'an object', service);
      refuseMissing(where, place, service, methods);
      return { ...common, kind, service };
    case 'class':
      if (!isClass(service)) throw expected(where, `${place}/service`, 'a class', service);
      if (schema !== undefined && typeof schema !== 'function')
        throw expected(where, `${place}/schema`, 'a function that gives the schema', schema);
      return { ...common, kind, service, schema: schema === undefined ? null : (schema as () => unknown), knex: value['knex'] };
    case 'factory':
      if (typeof service !== 'function') throw expected(where, `${place}/service`, 'a function', service);
      return { ...common, kind, service: service as never };
  }
};

export const parseServices = (value: unknown, where: string): ReadonlyMap<string, RegisteredService> => {
  if (value === undefined || value === null) return new Map();
  if (!isValues(value)) throw expected(where, '', 'an object of services by name', value);
  const entries = Object.entries(value);
  if (entries.length > mostServices.value)
    throw refuse(where, '', `expected at most ${mostServices.value} services, found ${entries.length}`);
  const compile = makeArgumentCompiler();
  return new Map(
    entries.map(([name, service]) => {
      if (!isName(name))
        throw expected(where, '', `names of at most ${nameChars.value} letters, digits and "_", and none that every object has`, name);
      return [name, parseService(where, name, service, compile)];
    }),
  );
};
