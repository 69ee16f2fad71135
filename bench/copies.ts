// Many small extensions in a temporary folder, for the parts of the bench that need many cells. Must never be written into the checkout.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProgram } from './child.ts';

export const copyName = (index: number): string => `cell-${index}`;

/** Answers how many requests its cell has had: 1 is a cell that just woke. */
const source = `
let requests = 0;
export default (router, { database }) => {
  router.get('/', (_request, response) => response.send(String(++requests)));
  router.get('/sql', (_request, response) => response.send(database('bench_articles').select('id').limit(1).toString()));
  router.get('/rows', async (_request, response) => response.json(await database('bench_articles').select('id').limit(1)));
};
`;

const databaseGrant = { database: { tables: { bench_articles: { read: true } } } };

const writeCopies = (root: string, count: number, withDatabase: boolean): readonly string[] =>
  Array.from({ length: count }, (_, index) => {
    const name = copyName(index);
    const folder = join(root, name);
    const cloister = { express: 5, capabilities: withDatabase ? databaseGrant : {} };
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: '1.0.0', type: 'module', main: 'index.js', cloister }));
    writeFileSync(join(folder, 'index.js'), source);
    return folder;
  });

export interface CellServer {
  readonly pid: number;
  readonly port: number;
}

/** Serves that many copies while `use` runs. `settings` go to servers/cloister.ts. */
export const withCopies = async <Value>(
  count: number,
  withDatabase: boolean,
  settings: Readonly<Record<string, unknown>>,
  use: (server: CellServer) => Promise<Value>,
): Promise<Value> => {
  const root = mkdtempSync(join(tmpdir(), 'cloister-bench-cells-'));
  try {
    const extensions = writeCopies(root, count, withDatabase);
    const server = await openProgram<{ readonly port: number }>({
      file: 'servers/cloister.ts',
      args: [JSON.stringify({ ...settings, extensions })],
    });
    return await use({ pid: server.pid, port: server.ready.port }).finally(() => server.close());
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};
