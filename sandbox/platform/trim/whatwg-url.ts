// The two classes of whatwg-url without the rest of its index: a validator and the parser's own API. Must never be loaded before a URL is needed.

// esbuild turns require() with a literal into a call of that module's wrapper; no require exists when this runs.
declare const require: (name: string) => unknown;

interface Installable {
  install(global: object, kinds: readonly string[]): void;
}

const { URL: url, URLSearchParams: searchParams } = require('whatwg-url/webidl2js-wrapper.js') as {
  readonly URL: Installable;
  readonly URLSearchParams: Installable;
};

const realm: Record<string, unknown> = { Array, Object, Promise, String, TypeError };
url.install(realm, ['Window']);
searchParams.install(realm, ['Window']);

export const URL = realm.URL;
export const URLSearchParams = realm.URLSearchParams;
