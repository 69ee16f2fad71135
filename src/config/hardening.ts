// Names and modes of the measures that hold a ward back from the operating system. Must never name one that src/wards/hardening does not apply.

export const measureNames = ['permission', 'user', 'limits', 'network', 'files', 'calls'] as const;
export type MeasureName = (typeof measureNames)[number];

/** `auto`: where the machine has it; `require`: or Cloister does not start; `off`: not even then. */
export const measureModes = ['auto', 'require', 'off'] as const;
export type MeasureMode = (typeof measureModes)[number];
export type HardeningModes = Readonly<Record<MeasureName, MeasureMode>>;

/** What a ward runs as where the host is root. */
export interface WardUser {
  readonly uid: number;
  readonly gid: number;
}

/** Nobody's by default, and low enough for containers that map 65,536 ids. */
export const defaultWardUser: WardUser = { uid: 65_533, gid: 65_533 };

export const fillHardening = (given: 'auto' | 'require' | 'off' | Partial<HardeningModes> = 'auto'): HardeningModes =>
  Object.fromEntries(
    measureNames.map((name) => [name, typeof given === 'string' ? given : (given[name] ?? 'auto')]),
  ) as unknown as HardeningModes;
