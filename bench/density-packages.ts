// The extensions of the density bench: small endpoints that say whether their cell is new. Must never be left behind.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const source = `
let count = 0;
export default (router) => {
  router.get('/', (req, res) => res.json({ count: ++count }));
  router.get('/burn/:ms', (req, res) => {
    for (const until = Date.now() + Number(req.params.ms); Date.now() < until; ) JSON.stringify({ a: [1, 2, 3] });
    res.json({ count: ++count });
  });
};
`;

export interface Packages {
  readonly folder: string;
  readonly ids: readonly string[];
  remove(): Promise<void>;
}

export const writePackages = async (howMany: number): Promise<Packages> => {
  const folder = await mkdtemp(join(tmpdir(), 'cloister-density-'));
  const ids = Array.from({ length: howMany }, (_, at) => `pack-${at}`);
  for (const id of ids) {
    await mkdir(join(folder, id));
    await writeFile(join(folder, id, 'package.json'), JSON.stringify({ name: id, version: '1.0.0', type: 'module', cloister: {} }));
    await writeFile(join(folder, id, 'index.js'), source);
  }
  return { folder, ids, remove: () => rm(folder, { recursive: true, force: true }) };
};
