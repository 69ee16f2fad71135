// Nested calls one after another: the bridge takes one at a time. Must never keep more than what was asked for.
import type { CallResult, Nested } from '../../bridge/capability.ts';

export const inTurn = (nested: Nested): Nested => {
  let last: Promise<unknown> = Promise.resolve();
  return (capability, method, args) => {
    const next = last.then(() => nested(capability, method, args));
    last = next.then(
      () => undefined,
      () => undefined,
    );
    return next satisfies Promise<CallResult>;
  };
};
