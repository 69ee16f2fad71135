// What the compatibility run found, as it is kept in results.json. Must never hold more than the page shows.
export interface Outcome {
  /** `same`: the answer is Node's. `refused`: cannot run in an isolate, and says so. */
  readonly outcome: 'same' | 'refused' | 'fails';
  readonly note: string;
}

export interface PackageResult extends Outcome {
  readonly name: string;
  readonly version: string;
  readonly does: string;
}

export interface EndpointResult {
  readonly name: string;
  readonly version: string;
  readonly kind: string;
  readonly loads: boolean;
  readonly registers: boolean;
  /** Routes asked, and how many gave what was expected. */
  readonly asked: number;
  readonly answers: number;
  readonly note: string;
}

export interface Results {
  readonly date: string;
  readonly node: string;
  readonly packages: readonly PackageResult[];
  readonly endpoints: readonly EndpointResult[];
  /** How many programs the differential test has. */
  readonly programs: number;
}
