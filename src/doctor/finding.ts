// What the doctor found, as data. Must never call something held that was not tried.

export interface DoctorCheck {
  /** What was looked at: `measures`, `endings`, `engine`, `database`, `files`. */
  readonly area: 'engine' | 'measures' | 'endings' | 'database' | 'files';
  readonly name: string;
  /** `missing`: the machine has no such thing, or nothing asks for it. */
  readonly state: 'holds' | 'fails' | 'missing';
  /** What was tried, or why it does not hold. */
  readonly cause: string;
  readonly remedy: string;
}

export const holds = (area: DoctorCheck['area'], name: string, cause: string): DoctorCheck => ({
  area,
  name,
  state: 'holds',
  cause,
  remedy: '',
});
export const fails = (area: DoctorCheck['area'], name: string, cause: string, remedy: string): DoctorCheck => ({
  area,
  name,
  state: 'fails',
  cause,
  remedy,
});
export const missing = (area: DoctorCheck['area'], name: string, cause: string, remedy: string): DoctorCheck => ({
  area,
  name,
  state: 'missing',
  cause,
  remedy,
});
