// Writes extension packages into a temporary folder for tests. Must never write outside it.
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** Path → text; `{ link }` makes a symbolic link with that target. */
export type Files = Readonly<Record<string, string | Uint8Array | { readonly link: string }>>;

export interface TemporaryFolder {
  readonly root: string;
  write(files: Files): Promise<void>;
  remove(): Promise<void>;
}

export const openTemporaryFolder = async (): Promise<TemporaryFolder> => {
  const root = await realpath(await mkdtemp(path.join(os.tmpdir(), 'cloister-packages-')));
  return {
    root,
    async write(files) {
      for (const [name, content] of Object.entries(files)) {
        const file = path.join(root, name);
        await mkdir(path.dirname(file), { recursive: true });
        if (typeof content === 'string' || content instanceof Uint8Array) await writeFile(file, content);
        else await symlink(content.link, file);
      }
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
};

export const asJson = (value: unknown): string => JSON.stringify(value, null, 2);

/** package.json of an endpoint extension in Directus's form. */
export const endpointJson = (more: Readonly<Record<string, unknown>> = {}, directus: Readonly<Record<string, unknown>> = {}): string =>
  asJson({
    name: 'sample',
    version: '1.0.0',
    type: 'module',
    'directus:extension': { type: 'endpoint', host: '^11.0.0', ...directus },
    ...more,
  });
