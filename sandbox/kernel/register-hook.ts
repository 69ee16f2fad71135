// What a hook's register function is called with: filter, action, init, schedule, embed. Must never listen for what the listeners table would refuse.
import { NativeError } from './intrinsics.ts';
import type { Listeners } from './listeners.ts';

export type RegisterHook = (functions: object, context: object) => unknown;

export const makeHookFunctions = (listeners: Listeners): object => ({
  filter: (event: unknown, handler: unknown) => listeners.add('filter', event, handler),
  action: (event: unknown, handler: unknown) => listeners.add('action', event, handler),
  init: (event: unknown, handler: unknown) => listeners.add('init', event, handler),
  schedule: (cron: unknown, handler: unknown) => listeners.add('schedule', cron, handler),
  embed: () => {
    throw new NativeError('embed() puts code into the pages of the Studio, which Cloister has not; take it out of the hook');
  },
});
