// Gives an extension its router. Must never do anything by itself: requests are admitted by the policy before the guest runs, routed inside the cell, and answered by src/http.
import type { Capability } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import { type RouterGrant, routerContract } from './contract.ts';
import { coversRouter } from './covers.ts';
import { routerLearning } from './learn.ts';
import { makeRouterPolicy } from './policy.ts';

export const routerCapability: Capability<object, RouterGrant> = {
  contract: routerContract,
  learning: routerLearning,
  makePolicy: makeRouterPolicy,
  covers: coversRouter,
  open: () =>
    Promise.resolve({
      call(method) {
        throw new CloisterError('ERR_METHOD_UNKNOWN', `The capability router has no method ${method}.`);
      },
      bootValue: () => null,
      close: () => Promise.resolve(),
    }),
};
