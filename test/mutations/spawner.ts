// Defences of who starts wards. Must never hold one that no test notices.
import type { Mutation } from './mutation.ts';

export const spawnerMutations: readonly Mutation[] = [
  {
    name: 'give a ward to whoever found where its ends meet',
    file: 'src/wards/spawning/meeting-place.ts',
    search: '      const resolve = expected.get(token);\n',
    replace: '      const resolve = expected.get(token) ?? [...expected.values()][0];\n',
    tests: ['src/wards/spawning'],
  },
  {
    name: 'leave what a lost spawner started',
    file: 'src/wards/spawning/spawner-child.ts',
    search: '      killIfStill(pid, birth);\n      this.#finish(id, lost);\n',
    replace: '      this.#finish(id, lost);\n',
    tests: ['src/wards/spawning'],
  },
  {
    name: 'leave what was started where its host is gone while a socket is under way',
    file: 'src/wards/spawning/spawner-process.ts',
    search: "process.stdin.resume().on('close', leave).on('error', leave);\n",
    replace: '',
    tests: ['src/wards/spawning'],
  },
  {
    name: 'wait for ever for a spawner that hangs',
    file: 'src/wards/spawning/spawner-child.ts',
    search: '    look(() => look(otherwise));\n',
    replace: '    look(() => undefined);\n',
    tests: ['src/wards/spawning'],
  },
  {
    name: 'keep for a host the rights that it gave up',
    file: 'src/wards/spawning/spawner.ts',
    search: 'if (this.#child === null || this.#rights === rights()) return;',
    replace: 'if (this.#child !== undefined) return;',
    tests: ['src/wards/spawning'],
  },
  {
    name: 'blame who runs for the loss of a spawner',
    file: 'src/wards/ward.ts',
    search: 'blameless ? noneOfThem : guilty',
    replace: 'guilty',
    tests: ['src/wards/ward.test', 'test/flow/spawner'],
  },
];
