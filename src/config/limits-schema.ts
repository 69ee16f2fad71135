// Schemas of limits, made from their tables. Must never hold a number of its own.
import { type TObject, Type } from '#typebox';
import type { LimitRow } from '../limits/table.ts';

/** One optional whole number per row, from the row's floor to its ceiling. */
export const makeLimitsSchema = (table: Readonly<Record<string, LimitRow>>): TObject =>
  Type.Object(
    Object.fromEntries(
      Object.entries(table).map(([name, row]) => [
        name,
        Type.Optional(Type.Integer({ minimum: row.floor, maximum: row.ceiling, description: `${row.meaning} Unit: ${row.unit}.` })),
      ]),
    ),
    { additionalProperties: false },
  );
