// Puts the demo's tables and rows into a database, once. Must never run over tables that are there.
import { readFile } from 'node:fs/promises';
import pg from 'pg';

const marker = 'cloister_demo';

/** Runs the file in one transaction and leaves a marker table, so that it is all there or not at all. True when it was run. */
export const seedDemo = async (url: string, sqlFile: string): Promise<boolean> => {
  const sql = await readFile(sqlFile, 'utf8');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ readonly there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [`public.${marker}`]);
    if (rows[0]?.there === true) return false;
    await client.query('BEGIN');
    await client.query(sql);
    await client.query(`CREATE TABLE ${marker} (seeded_at timestamptz NOT NULL DEFAULT now())`);
    await client.query('COMMIT');
    return true;
  } finally {
    await client.end();
  }
};
