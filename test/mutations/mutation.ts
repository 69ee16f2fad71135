// What a mutation is. Must never hold one.

export interface Mutation {
  /** What an attacker would gain. */
  readonly name: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly search: string;
  readonly replace: string;
  /** Parts of paths of test files, at least one of which must fail. */
  readonly tests: readonly string[];
}
