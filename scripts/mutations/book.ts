// What became of each defence so far, on disk: a run of an hour can be made in pieces. Must never take an outcome for a source, a mutation or tests that changed since.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Mutation } from '../../test/mutations/mutation.ts';
import { findTestFiles } from '../test/files.ts';
import type { Attempt } from './attempt.ts';

export interface Book {
  /** Undefined where it was not tried as it stands now. */
  find(mutation: Mutation): Attempt | undefined;
  note(mutation: Mutation, attempt: Attempt): void;
}

type Pages = Readonly<Record<string, Attempt & { readonly digest: string }>>;

const readPages = (path: string): Pages => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Pages;
  } catch {
    return {};
  }
};

/** Of the file that has the defence and the tests that must notice: other sources may change what they say, `--fresh` forgets all. */
const digestOf = (root: string, mutation: Mutation): string => {
  const hash = createHash('sha256').update(JSON.stringify(mutation));
  for (const file of [mutation.file, ...findTestFiles(root, mutation.tests)])
    hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
};

export const openBook = (root: string, path: string, fresh: boolean): Book => {
  let pages: Pages = fresh ? {} : readPages(path);
  mkdirSync(dirname(path), { recursive: true });
  return {
    find(mutation) {
      const page = pages[mutation.name];
      return page?.digest === digestOf(root, mutation) ? page : undefined;
    },
    note(mutation, attempt) {
      pages = { ...pages, [mutation.name]: { ...attempt, digest: digestOf(root, mutation) } };
      writeFileSync(`${path}.new`, JSON.stringify(pages, null, 2));
      renameSync(`${path}.new`, path);
    },
  };
};
