// What the hand-written SELECTs of these cases share. Must never hold SQL that ItemsService wrote.

/** Name, collection, query, SELECT of the rows; and how many statements it takes where that is not one. */
export type QueryCase = readonly [name: string, collection: string, query: unknown, select: string, statements?: number];

export const utc = (column: string): string => `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
export const wall = (column: string): string => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS')`;

export const articleColumns = `a.id, title, status, views, price::text price, ${utc('published')} published, ${wall('written')} written, author, meta, labels, big::text big, featured, code`;
export const authorColumns = "id, name, to_char(born, 'YYYY-MM-DD') born, boss, country";

export const list = (select: string): string => `(select coalesce(json_agg(y), '[]') from (${select}) y)`;
export const one = (select: string): string => `(select to_json(y) from (${select}) y)`;
