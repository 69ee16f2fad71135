// What a row of the packages table is. Must never hold code of a package: only its name, its version, and how an extension uses it.
export interface PackageUse {
  /** As npm knows it. */
  readonly name: string;
  /** Exact; one row each. */
  readonly versions: readonly string[];
  /** What else has to be installed beside it, exact. */
  readonly beside?: Readonly<Record<string, string>>;
  /** A module that exports `use({ origin, req, res })`, whose value is the answer, or `mount(router)`. */
  readonly source: string;
  /** In words: what it is used for here. */
  readonly does: string;
  /** It cannot run in an isolate; it has to say so clearly, and this is how. */
  readonly refused?: { readonly how: RegExp; readonly why: string };
}
