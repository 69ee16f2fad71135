// What a value given as text means, as Directus reads its variables. Pure; must never make anything of it but data.
import type { EnvValue } from './contract.ts';

const parseJson = (text: string): EnvValue | undefined => {
  try {
    return JSON.parse(text) as EnvValue;
  } catch {
    return undefined;
  }
};

const splitList = (text: string): readonly string[] => text.split(',').filter((one) => one !== '');

/** Only a text that is the number's own: `007`, `1e5` and keys of twenty digits are names, not numbers. */
const parseNumber = (text: string): number | undefined => {
  const number = Number(text);
  return Number.isFinite(number) && String(number) === text && Math.abs(number) <= Number.MAX_SAFE_INTEGER ? number : undefined;
};

const guess = (text: string): EnvValue => {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  const number = parseNumber(text);
  if (number !== undefined) return number;
  if (/^\s*[[{]/.test(text)) {
    const parsed = parseJson(text);
    if (parsed !== undefined) return parsed;
  }
  return text.includes(',') ? splitList(text) : text;
};

const forced: ReadonlyMap<string, (text: string) => EnvValue | undefined> = new Map<string, (text: string) => EnvValue | undefined>([
  ['string', (text) => text],
  ['number', (text) => (text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined)],
  ['boolean', (text) => text === 'true' || text === '1'],
  ['array', splitList],
  ['json', parseJson],
]);

export interface ParsedText {
  /** undefined: it says of itself what it is, and is not. */
  readonly value: EnvValue | undefined;
  /** Without what only says how to read it. */
  readonly text: string;
}

export const parseEnvText = (given: string): ParsedText => {
  const colon = given.indexOf(':');
  const read = colon < 0 ? undefined : forced.get(given.slice(0, colon));
  if (read === undefined) return { value: guess(given), text: given };
  const text = given.slice(colon + 1);
  return { value: read(text), text };
};
