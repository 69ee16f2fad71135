// What a search looks for: its text in fields of text, and its value in fields that can hold it. Must never look into a field that may not be read.
import { itemsBounds } from './bounds.ts';
import type { Condition, Test } from './condition.ts';
import { invalidQuery } from './errors.ts';
import type { Collection, Field } from './model.ts';
import { textOfKind } from './operand.ts';

const searchShare = 16;

const fits = (text: string, { most }: Field): boolean => {
  if (most === null) return true;
  const value = BigInt(text.replace(/^\+/, ''));
  return value <= most && value >= -most;
};

const testOf = (text: string, field: Field): Test | undefined => {
  if (field.kind === 'text') return { kind: 'like', pattern: { where: 'anywhere', not: false, anyCase: true }, value: text };
  if (field.kind !== 'integer' && field.kind !== 'number' && field.kind !== 'uuid') return undefined;
  const value = textOfKind(text, field.kind);
  if (value === undefined || !fits(value, field)) return undefined;
  return { kind: 'compare', operator: '_eq', value };
};

/** Nothing to look in: nothing is found. */
export const parseSearch = (value: unknown, collection: Collection): Condition | null => {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value !== 'string') throw invalidQuery('"search" has to be a string');
  const text = textOfKind(value, 'text');
  if (text === undefined || text.length > itemsBounds.textChars.value / searchShare) throw invalidQuery('"search" is too long or no text');
  const parts = [...collection.fields.values()]
    .filter(({ may }) => may.has('read'))
    .flatMap((field): readonly Condition[] => {
      const test = testOf(text, field);
      return test === undefined ? [] : [{ kind: 'test', expression: { kind: 'column', field }, test }];
    });
  return { kind: 'any', parts };
};
