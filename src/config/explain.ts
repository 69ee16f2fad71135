// Turns ajv's errors into one sentence: place, what was expected, what was found, remedy. Must never print untrusted text unescaped.
import type { ErrorObject } from 'ajv';
import { showText, showValue } from './show.ts';
import { suggestKey } from './suggest.ts';

export interface Problem {
  /** JSON pointer from the checked value. */
  readonly pointer: string;
  readonly expected: string;
  readonly found: string;
  /** All of it as one sentence, without the place. */
  readonly sentence: string;
}

type Node = Readonly<Record<string, unknown>>;

const asNode = (value: unknown): Node => (typeof value === 'object' && value !== null ? (value as Node) : {});
const asText = (value: unknown): string => (typeof value === 'string' ? value : '');
const depthOf = (error: ErrorObject): number => error.instancePath.split('/').length;

/** Says only that no branch of a union fits; the branches' own errors say why. */
const wrappers: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'allOf', 'if', 'propertyNames']);
/** The value is of the branch's kind but wrong inside: so this branch is the one the writer meant. */
const telling: ReadonlySet<string> = new Set([
  'additionalProperties',
  'required',
  'minimum',
  'maximum',
  'pattern',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minLength',
  'maxLength',
]);

const articleFor = (word: string): string => (/^[aeiou]/.test(word) ? `an ${word}` : `a ${word}`);
const kindNames: ReadonlyMap<string, string> = new Map([
  ['array', 'a list'],
  ['null', 'null'],
  ['integer', 'a whole number'],
]);
const kindName = (kind: unknown): string => kindNames.get(asText(kind)) ?? articleFor(asText(kind));

const range = (schema: Node): string => {
  const { minimum, maximum } = schema;
  if (minimum !== undefined && maximum !== undefined) return ` from ${String(minimum)} to ${String(maximum)}`;
  if (minimum !== undefined) return ` of at least ${String(minimum)}`;
  return maximum === undefined ? '' : ` of at most ${String(maximum)}`;
};

const expectation = (error: ErrorObject): string => {
  const schema = asNode(error.parentSchema);
  const described = asText(schema['description']);
  switch (error.keyword) {
    case 'const':
      return JSON.stringify(schema['const']);
    case 'enum':
      return (Array.isArray(schema['enum']) ? schema['enum'] : []).map((value) => JSON.stringify(value)).join(' or ');
    case 'type':
    case 'minimum':
    case 'maximum':
      if (schema['const'] !== undefined) return JSON.stringify(schema['const']);
      return Array.isArray(schema['type']) ? schema['type'].map(kindName).join(' or ') : `${kindName(schema['type'])}${range(schema)}`;
    case 'pattern':
      return described === '' ? `text that matches ${asText(schema['pattern'])}` : described;
    case 'minItems':
      return `a list with at least ${String(schema['minItems'])} entries`;
    case 'maxItems':
      return `a list with at most ${String(schema['maxItems'])} entries`;
    case 'uniqueItems':
      return 'a list without repetition';
    case 'minLength':
      return `text of at least ${String(schema['minLength'])} characters`;
    case 'maxLength':
      return `text of at most ${String(schema['maxLength'])} characters`;
    default:
      return described === '' ? (error.message ?? error.keyword) : described;
  }
};

const explainUnknownKey = (error: ErrorObject): Problem => {
  const schema = asNode(error.parentSchema);
  const key = asText(asNode(error.params)['additionalProperty']);
  const shownKey = showText(JSON.stringify(key));
  const pattern = Object.keys(asNode(schema['patternProperties']))[0];
  if (pattern !== undefined) {
    const expected = asText(schema['description']) || `a key that matches ${pattern}`;
    return {
      pointer: error.instancePath,
      expected,
      found: shownKey,
      sentence: `expected ${expected}, found key ${shownKey}; rename or remove it`,
    };
  }
  const known = Object.keys(asNode(schema['properties']));
  const meant = suggestKey(key, known);
  const hint = meant === null ? '; remove it' : `, did you mean "${meant}"?`;
  const expected = known.length === 0 ? 'no keys' : `only ${known.join(', ')}`;
  return { pointer: error.instancePath, expected, found: shownKey, sentence: `unknown key ${shownKey}${hint} (expected ${expected})` };
};

/** The errors that concern the place where the value goes furthest wrong. */
const mostTelling = (errors: readonly ErrorObject[]): readonly ErrorObject[] => {
  const own = errors.filter((error) => !wrappers.has(error.keyword));
  const candidates = own.length === 0 ? errors : own;
  const deepest = candidates.reduce((most, error) => Math.max(most, depthOf(error)), 0);
  const first = candidates.find((error) => depthOf(error) === deepest);
  const here = candidates.filter((error) => error.instancePath === first?.instancePath);
  const meant = here.filter((error) => telling.has(error.keyword));
  return meant.length === 0 ? here : meant.slice(0, 1);
};

/** The one problem worth telling out of everything ajv found. */
export const explainErrors = (errors: readonly ErrorObject[]): Problem => {
  const chosen = mostTelling(errors);
  const [error] = chosen;
  if (error === undefined) return { pointer: '', expected: 'a valid value', found: 'another', sentence: 'not valid' };
  if (error.keyword === 'additionalProperties') return explainUnknownKey(error);
  if (error.keyword === 'required') {
    const key = asText(asNode(error.params)['missingProperty']);
    return { pointer: error.instancePath, expected: `key "${key}"`, found: 'none', sentence: `expected key "${key}", found none; add it` };
  }
  const expected = [...new Set(chosen.map(expectation))].join(' or ');
  const found = showValue(error.data);
  return {
    pointer: error.instancePath,
    expected,
    found,
    sentence: `expected ${expected}, found ${found}; correct it or leave the key out`,
  };
};
