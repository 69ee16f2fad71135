// Accountability in the shape Directus code reads. Must never say more of a caller than the host did: what it adds are the values of nobody.

export type GivenAccountability = Readonly<Record<string, unknown>> | null;

/** Directus has one for every request, an anonymous one too. */
export const makeDirectusAccountability = (given: GivenAccountability, ip: string | null): object => ({
  role: null,
  roles: [],
  user: null,
  admin: false,
  app: false,
  ip,
  ...given,
});
