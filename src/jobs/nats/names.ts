// The names of streams and subjects. Must never put a text of an extension or a tenant into a subject as it is.
import { hash } from 'node:crypto';

export interface Names {
  readonly jobs: string;
  readonly trees: string;
  /** What hosts follow. */
  readonly log: string;
  readonly parts: string;
  readonly allTrees: string;
  readonly allPuts: string;
  put(token: string): string;
  part(token: string, nth: number): string;
  partsOf(token: string): string;
  state(id: string): string;
  host(name: string): string;
  tree(id: string): string;
  /** Who is there answers under this. */
  alive(name: string): string;
}

const plain = /^[A-Za-z0-9_-]{1,100}$/;
/** Never the same for two: what is plain keeps its name, and all else its hash. */
const tokenOf = (text: string): string => (plain.test(text) ? `n${text}` : `h${hash('sha256', text, 'base64url')}`);

export const makeNames = (namespace: string): Names => {
  const root = `cloister.jobs.${namespace}`;
  return {
    jobs: `CLOISTER_JOBS_${namespace}`,
    trees: `CLOISTER_TREES_${namespace}`,
    log: `${root}.log.>`,
    parts: `${root}.part.>`,
    allTrees: `${root}.tree.>`,
    allPuts: `${root}.log.put.>`,
    put: (token) => `${root}.log.put.${token}`,
    part: (token, nth) => `${root}.part.${token}.${String(nth)}`,
    partsOf: (token) => `${root}.part.${token}.>`,
    state: (id) => `${root}.log.state.${tokenOf(id)}`,
    host: (name) => `${root}.log.host.${name}`,
    tree: (id) => `${root}.tree.${tokenOf(id)}`,
    alive: (name) => `${root}.alive.${name}`,
  };
};
