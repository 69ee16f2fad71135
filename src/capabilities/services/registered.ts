// A definition that was checked. The option parser makes it, the host side calls by it. Must never be made from anything a guest said.
import type { ArgumentCheck } from './argument-check.ts';
import type { ServiceCaller } from './definition.ts';

export interface RegisteredMethod {
  readonly effect: boolean;
  readonly check: ArgumentCheck;
  readonly required: number;
}

interface Registered {
  readonly methods: ReadonlyMap<string, RegisteredMethod>;
  readonly collection: boolean;
  readonly joins: boolean;
  readonly about: string | null;
}

export type RegisteredService = Registered &
  (
    | { readonly kind: 'object'; readonly service: object }
    | {
        readonly kind: 'class';
        readonly service: new (...args: never[]) => object;
        readonly schema: (() => unknown) | null;
        readonly knex: unknown;
      }
    | { readonly kind: 'factory'; readonly service: (caller: ServiceCaller) => object | Promise<object> }
  );
