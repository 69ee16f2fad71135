// Defences of packages that come from elsewhere: signed archives, reloads, and who may look into a cell. Must never hold one that no test notices.
import type { Mutation } from './mutation.ts';

export const archiveMutations: readonly Mutation[] = [
  {
    name: 'read an archive whatever its signature',
    file: 'src/packages/archive-form.ts',
    search: 'if (!verify(null, Buffer.concat([context, payload]), publicKey, decode(outer.signature, where)))',
    replace: 'if (verify(null, Buffer.concat([context, payload]), publicKey, decode(outer.signature, where)) === null)',
    tests: ['test/author/pack'],
  },
  {
    name: 'take a signature over anything for one over an archive',
    file: 'src/packages/archive-form.ts',
    search: `const context = Buffer.from('cloister archive 1\\n');`,
    replace: `const context = Buffer.from('');`,
    tests: ['test/author/pack'],
  },
  {
    name: 'let a replaced version take the mount of another',
    file: 'src/installation/serving.ts',
    search: 'owner.id !== extensionIdKey(id)) throw',
    replace: 'owner.id !== extensionIdKey(id) && this.get(id) === undefined) throw',
    tests: ['test/flow/reload'],
  },
  {
    name: 'let a page of another site debug an extension',
    file: 'src/author/dev/inspector.ts',
    search: '(headers.origin === undefined || debuggers.test(headers.origin))',
    replace: '(headers.origin === undefined || debuggers.test(headers.origin) || true)',
    tests: ['test/author/inspect'],
  },
];
