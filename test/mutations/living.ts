// Defences of deployments: two versions at once, what a refused one leaves, who may say what is served. Must never hold one that no test notices.
import type { Mutation } from './mutation.ts';

export const livingMutations: readonly Mutation[] = [
  {
    name: 'let a canary change what the version beside it may read',
    file: 'src/installation/judge-canary.ts',
    search: 'if (differs === undefined) return;',
    replace: 'if (differs !== null) return;',
    tests: ['test/living/beside'],
  },
  {
    name: 'leave the role as a refused version had it made',
    file: 'src/installation/version.ts',
    search: 'if (before !== undefined && effective !== null) await',
    replace: 'if (before === null && effective !== null) await',
    tests: ['test/living/beside'],
  },
  {
    name: 'let a canary go on whatever it does',
    file: 'src/installation/canary/canary-watch.ts',
    search: 'if (side === watched.canary && (isError || limited)) this.#judge(watched);',
    replace: '',
    tests: ['test/living/canary'],
  },
  {
    name: 'let anybody deploy',
    file: 'src/http/operator-routes.ts',
    search: 'if (mayAsk(request)) api(',
    replace: 'if (mayAsk(request) || request !== null) api(',
    tests: ['test/living/api'],
  },
  {
    name: 'tell anybody what a host serves',
    file: 'src/http/operator-routes.ts',
    search: 'mayAsk(request) ? all :',
    replace: 'all !== null ? all :',
    tests: ['test/flow/life'],
  },
];
