// Defences of the registry: one history, one writer, nothing served that was changed. Must never hold one that no test notices.
import type { Mutation } from './mutation.ts';

export const registryMutations: readonly Mutation[] = [
  {
    name: 'write over what another writer of the registry wrote',
    file: 'src/registry/table-store.ts',
    search: 'WHERE namespace = $1 AND revision = $2 RETURNING revision',
    replace: 'WHERE namespace = $1 AND $2::bigint IS NOT NULL RETURNING revision',
    tests: ['test/registry/stores'],
  },
  {
    name: 'go on with a turn that another took over',
    file: 'src/approvals/file-turn.ts',
    search: 'if (!(await isMine())) throw',
    replace: "if (!(await isMine()) && own === '') throw",
    tests: ['test/registry/file-store'],
  },
  {
    name: 'follow a registry that went back',
    file: 'src/registry/decide-follow.ts',
    search: '  if (revision < served.revision)\n',
    replace: '  if (revision < 0)\n',
    tests: ['test/registry/decide-follow'],
  },
  {
    name: 'begin anew where a registry lost its state',
    file: 'src/registry/file-store.ts',
    search: 'if (!(await isThere(beforeFile)) && !(await hasReleases())) return emptyState;',
    replace: 'return emptyState;',
    tests: ['test/registry/file-store'],
  },
  {
    name: 'take a registry that cannot be looked at for an empty one',
    file: 'src/registry/file-store.ts',
    search: "if (codeOf(error) === 'ENOENT') return nothing;",
    replace: "if (codeOf(error) !== '') return nothing;",
    tests: ['test/registry/file-store'],
  },
  {
    name: 'let everybody on the machine say what runs',
    file: 'src/registry/file-store.ts',
    search: 'if ((status.mode & othersMayWrite) !== 0)',
    replace: 'if ((status.mode & othersMayWrite) > othersMayWrite)',
    tests: ['test/registry/file-store'],
  },
  {
    name: 'serve an archive that was changed in the registry',
    file: 'src/registry/state-form.ts',
    search: 'if (sha256(bytes) === digest) return bytes;',
    replace: "if (digest !== '') return bytes;",
    tests: ['test/registry/stores'],
  },
  {
    name: 'write a state that no host can read',
    file: 'src/registry/state-form.ts',
    search: '    parse(text, `',
    replace: '    if (value === text) parse(text, `',
    tests: ['test/registry/stores'],
  },
  {
    name: 'leave a bad canary to the other hosts',
    file: 'src/registry/follower.ts',
    search: 'decideReturn(state, extension, {',
    replace: "decideReturn(state, extension === '' ? extension : '', {",
    tests: ['test/living/api'],
  },
  {
    name: 'take as many archives at once as anybody sends',
    file: 'src/http/api/api.ts',
    search: 'if (changing >= apiBounds.changes.value)',
    replace: 'if (changing >= apiBounds.changes.value * 1e9)',
    tests: ['test/living/api'],
  },
  {
    name: 'let the API name any path for an extension',
    file: 'src/http/api/api.ts',
    search: "    checkId({ extension }, 'path');\n",
    replace: '',
    tests: ['test/living/api'],
  },
];
