// SQL of a service of the embedder's in the extension's own transaction: through the bridge, under the extension's grant. Must never run a statement otherwise.
import { types } from 'pg';
import type { Nested } from '../../bridge/capability.ts';
import type { Binding, Rows } from './built-in.ts';
import type { ServiceQuery } from './definition.ts';

const encode = (value: unknown): Binding => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
    case 'bigint':
      return String(value);
    case 'undefined':
      return null;
    case 'object':
      if (value === null) return null;
      if (value instanceof Date) return value.toISOString();
      if (ArrayBuffer.isView(value)) return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
      return JSON.stringify(value);
    default:
      throw new TypeError(`a ${typeof value} is no binding`);
  }
};

const decode = ({ fields, rows }: Rows): readonly Readonly<Record<string, unknown>>[] => {
  const columns = fields.map(([name, oid]) => [name, types.getTypeParser(oid, 'text')] as const);
  return rows.map((texts) =>
    Object.fromEntries(
      columns.map(([name, parse], index) => {
        const text = texts[index] ?? null;
        return [name, text === null ? null : (parse(text) as unknown)];
      }),
    ),
  );
};

export const makeJoinedQuery =
  (nested: Nested, transaction: number): ServiceQuery =>
  async (sql, bindings = []) => {
    const { json } = await nested('database', 'query', { sql, bindings: bindings.map(encode), transaction });
    const result = JSON.parse(json) as Rows;
    return { rows: decode(result), rowCount: result.rowCount };
  };
