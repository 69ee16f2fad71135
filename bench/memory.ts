// Private memory of many idle cells. Must never count the server's own process as a cell's.
import { setTimeout as sleep } from 'node:timers/promises';
import { type CellServer, copyName, withCopies } from './copies.ts';
import { readChildrenMb, readOwnMb } from './process-tree.ts';

export interface MemoryRow {
  readonly database: boolean;
  readonly cells: number;
  /** Private dirty memory of all wards together, their spare cells included. */
  readonly wardsMb: number;
  /** What one more cell takes: against the row with one cell. null in that row. */
  readonly perCellMb: number | null;
  /** Private dirty memory of the host's process. */
  readonly hostMb: number;
}

const neverMs = 86_400_000;
const settleMs = 3_000;

const settings = { wards: { cellIdleMs: neverMs }, limits: { wardRssMb: 8_192 } };

/** Wakes every cell with one request that uses Knex, then lets them lie. No query: 500 extensions would hold 500 connections, more than a server as it comes has. */
const measure = async ({ pid, port }: CellServer, cells: number, database: boolean): Promise<Pick<MemoryRow, 'wardsMb' | 'hostMb'>> => {
  for (let index = 0; index < cells; index += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/${copyName(index)}${database ? '/sql' : ''}`);
    const body = await response.text();
    if (response.status !== 200) throw new Error(`${copyName(index)} answered ${response.status}: ${body}`);
  }
  await sleep(settleMs);
  return { wardsMb: readChildrenMb(pid), hostMb: readOwnMb(pid) };
};

/** The first count should be 1: the others are measured against it. */
export const measureMemory = async (counts: readonly number[], database: boolean, databaseUrl: string): Promise<readonly MemoryRow[]> => {
  const rows: MemoryRow[] = [];
  for (const cells of counts) {
    const found = await withCopies(cells, database, { ...settings, databaseUrl }, (server) => measure(server, cells, database));
    const one = rows.find((row) => row.cells === 1);
    rows.push({ database, cells, ...found, perCellMb: one === undefined ? null : (found.wardsMb - one.wardsMb) / (cells - 1) });
  }
  return rows;
};
