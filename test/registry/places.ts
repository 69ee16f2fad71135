// Where a registry is kept, for the table of sentences over its stores. Must never look at what is kept but by its place.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openFileStore } from '../../src/registry/file-store.ts';
import type { RegistryStore } from '../../src/registry/state.ts';
import type { RegistryForm } from '../../src/registry/state-form.ts';
import { form } from './releases.ts';

export interface Place {
  /** Another opening of the same registry, as another process has it. */
  open(own?: RegistryForm): RegistryStore;
  /** Puts other bytes in the place of an archive. */
  spoilArchive(digest: string): Promise<void>;
  /** Puts this text in the place of the state. */
  writeState(text: string): Promise<void>;
  readState(): Promise<string>;
  /** Has whoever follows it fail, until what it gives is called. */
  disturb(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export const inFolder = async (): Promise<Place> => {
  const parent = await mkdtemp(path.join(tmpdir(), 'cloister-registry-'));
  const folder = path.join(parent, 'registry');
  const state = path.join(folder, 'state.json');
  return {
    open: (own = form) => openFileStore(folder, own),
    spoilArchive: (digest) => writeFile(path.join(folder, 'archives', `${digest}.cloister`), 'other bytes'),
    writeState: (text) => writeFile(state, text),
    readState: () => readFile(state, 'utf8'),
    async disturb() {
      const good = await readFile(state, 'utf8');
      await writeFile(state, '{');
      return () => writeFile(state, good);
    },
    close: () => rm(parent, { recursive: true, force: true }),
  };
};
