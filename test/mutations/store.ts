// Defences of the stores of extensions (kv). Must never name a place that stands in its file twice.
import type { Mutation } from './mutation.ts';

const tests = ['src/capabilities/kv/'];

export const storeMutations: readonly Mutation[] = [
  {
    name: 'take a store without its tenant',
    file: 'src/capabilities/kv/store.ts',
    search: 's.extension = $2 AND s.tenant = $3',
    replace: 's.extension = $2 AND $3::text IS NOT NULL',
    tests,
  },
  {
    name: 'take a store without its extension',
    file: 'src/capabilities/kv/store.ts',
    search: 's.extension = $2 AND s.tenant = $3',
    replace: '$2::text IS NOT NULL AND s.tenant = $3',
    tests,
  },
  {
    name: 'let two writers into a store',
    file: 'src/capabilities/kv/store.ts',
    search: '} FOR UPDATE',
    replace: '}',
    tests,
  },
  {
    name: 'show what has expired',
    file: 'src/capabilities/kv/store.ts',
    search: '(k.expires_at IS NULL OR k.expires_at > clock_timestamp())',
    replace: 'true',
    tests,
  },
  {
    name: 'count what has expired',
    file: 'src/capabilities/kv/store.ts',
    search: 'AND expires_at <= clock_timestamp() RETURNING',
    replace: 'AND expires_at IS NULL AND false RETURNING',
    tests,
  },
  {
    name: 'count keys of a store for free',
    file: 'src/capabilities/kv/quota.ts',
    search: 'then.keys > maxKeys &&',
    replace: 'then.keys > maxKeys * 1e9 &&',
    tests,
  },
  {
    name: 'count bytes of a store for free',
    file: 'src/capabilities/kv/quota.ts',
    search: 'then.bytes > maxBytes &&',
    replace: 'then.bytes > maxBytes * 1e9 &&',
    tests,
  },
];
