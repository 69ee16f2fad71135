// Types of what the build puts in: third-party modules and the parts a boot profile selects. Must never describe anything of the host.

declare module 'cookie' {
  export const parse: (header: string) => Record<string, string | undefined>;
}

declare module 'qs' {
  export const parse: (
    text: string,
    options: { readonly depth: number; readonly arrayLimit: number; readonly parameterLimit: number },
  ) => unknown;
}

/** The database capability's guest side where the profile has Knex; else one that says so. */
declare module 'cloister:database' {
  import type { GuestCapability } from '../kernel/guest-capability.ts';

  const makeGuest: GuestCapability;
  export default makeGuest;
}
