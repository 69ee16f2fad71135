// Which startup image a ward boots its cells from. Must never grow a field that is not a different image.

export interface Profile {
  readonly express: 4 | 5;
  readonly knex: boolean;
}

/** Also the name of the guest bundle: `guest-<key>.js`. */
export const profileKey = (profile: Profile): string => `e${profile.express}${profile.knex ? '-knex' : ''}`;
