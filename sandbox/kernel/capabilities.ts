// The guest sides of the capabilities, one line each. Must list every capability that puts something into the register context.
import database from 'cloister:database';
import { makeGuest as makeEmitter } from '../../src/capabilities/emitter/guest.ts';
import { makeGuest as makeEnv } from '../../src/capabilities/env/guest.ts';
import { makeGuest as makeFetch } from '../../src/capabilities/fetch/guest.ts';
import { makeGuest as makeFiles } from '../../src/capabilities/files/guest.ts';
import { makeGuest as makeKv } from '../../src/capabilities/kv/guest.ts';
import { makeGuest as makeLog } from '../../src/capabilities/log/guest.ts';
import { makeGuest as makeSchema } from '../../src/capabilities/schema/guest.ts';
import { makeGuest as makeServices } from '../../src/capabilities/services/guest.ts';
import type { GuestCapability } from './guest-capability.ts';

/** What stands behind a global instead: the platform asks the kernel for it by this name. */
export const guestGlobals: Readonly<Record<string, { readonly capability: string; readonly make: GuestCapability }>> = {
  fetch: { capability: 'fetch', make: makeFetch },
  files: { capability: 'files', make: makeFiles },
};

const contextKeys = {
  services: { capability: 'services', make: makeServices },
  database: { capability: 'database', make: database },
  getSchema: { capability: 'schema', make: makeSchema },
  emitter: { capability: 'emitter', make: makeEmitter },
  env: { capability: 'env', make: makeEnv },
  logger: { capability: 'log', make: makeLog },
  kv: { capability: 'kv', make: makeKv },
} satisfies Readonly<Record<string, { readonly capability: string; readonly make: GuestCapability }>>;
export type ContextKey = keyof typeof contextKeys;

/** Key of the register context → capability and its guest side. */
export const guestCapabilities: Readonly<Record<string, { readonly capability: string; readonly make: GuestCapability }>> = contextKeys;
