// One row of the differential test of Express: what an extension does and what is asked of it. Data only.
import type { RequestSpec } from './guest.ts';

export interface ExpressCase {
  readonly name: string;
  /** Body of an async function (require, app, express); what it returns or throws is compared too. */
  readonly setup: string;
  readonly requests: readonly RequestSpec[];
}

export const get = (...paths: readonly string[]): RequestSpec[] => paths.map((path) => ({ path }));

export const postJson = (path: string, value: unknown): RequestSpec => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});
