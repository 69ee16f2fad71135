// `services` as an extension knows it: classes whose instances call the host. Runs in the isolate; must never hold authority: class, method and collection are names that the host looks up.
import type { GuestBridge } from '../../../sandbox/kernel/guest-capability.ts';
import type { ServicesBoot } from './contract.ts';
import { knownMethods } from './guest/known-methods.ts';
import { invalid, transactionOf } from './guest/transaction-handle.ts';

type Info = ServicesBoot[string];

interface Options {
  readonly schema?: unknown;
  readonly accountability?: unknown;
  readonly knex?: unknown;
  readonly nested?: unknown;
  readonly emitEvents?: unknown;
}

// Held from before the extension runs.
const { create, defineProperty, entries, hasOwn, keys: keysOf, setPrototypeOf } = Object;
const { isArray } = Array;

const hidden = (target: object, key: string, value: unknown): void => {
  defineProperty(target, key, { value, writable: true, configurable: true, enumerable: false });
};

const systemPrefix = 'directus_';

/** Not what the language, promises and printers ask of every object. */
const methodName = /^(?!(?:then|toJSON|inspect|length|nodeType|asymmetricMatch|constructor|prototype)$)[a-z][A-Za-z0-9_]{0,63}$/;

/** What JSON would drop without a word: an option that is a function would change what the call means. */
const refuseUnsendable = (method: string, value: unknown, depth: number): void => {
  if (typeof value === 'function') throw invalid(`${method}: a function cannot be given to a service of the host`);
  if (typeof value !== 'object' || value === null || depth === 0) return;
  if (typeof (value as { readonly pipe?: unknown }).pipe === 'function')
    throw invalid(`${method}: a stream cannot be given to a service of the host`);
  if (ArrayBuffer.isView(value)) throw invalid(`${method}: bytes cannot be given to a service of the host`);
  const inner = isArray(value) ? (value as readonly unknown[]) : keysOf(value).map((key) => (value as Record<string, unknown>)[key]);
  for (const one of inner) refuseUnsendable(method, one, depth - 1);
};
const lookedInto = 2;

const withoutTail = (args: readonly unknown[]): readonly unknown[] => {
  let length = args.length;
  while (length > 0 && args[length - 1] === undefined) length -= 1;
  return args.slice(0, length);
};

/** Whatever accountability is given, the host uses the request's own; of what it gives up, the host is told. */
const givenUp = (accountability: unknown): readonly string[] => {
  if (typeof accountability !== 'object' || accountability === null) return [];
  return ['admin', 'app'].filter((right) => hasOwn(accountability, right) && (accountability as Record<string, unknown>)[right] !== true);
};

/** The class that every service extends. Its methods are those that Directus has anywhere. */
const makeBase = (bridge: GuestBridge) => {
  const facts = new WeakMap<object, { readonly name: string; readonly info: Info | null }>();

  const invoke = async (self: Service, method: string, given: readonly unknown[]): Promise<unknown> => {
    const known = facts.get(self);
    if (known === undefined) throw new TypeError(`${method} was called on what is no service`);
    const args = withoutTail(given);
    for (const one of args) refuseUnsendable(`${known.name}.${method}`, one, lookedInto);
    const transaction = await transactionOf(self.knex);
    const lower = givenUp(self.accountability);
    const leavesNothing = known.info === null || !hasOwn(known.info.methods, method) || known.info.methods[method] === false;
    return await bridge.call(leavesNothing ? 'read' : 'call', {
      service: known.name,
      method,
      ...(self.collection === undefined ? {} : { collection: String(self.collection) }),
      args,
      ...(transaction === undefined ? {} : { transaction }),
      ...(lower.length === 0 ? {} : { lower }),
      ...(self.emitEvents === false ? { emitEvents: false } : {}),
    });
  };

  class Service {
    collection: unknown;
    eventScope: string | undefined;
    emitEvents: boolean | undefined;
    knex: unknown;
    accountability: unknown;
    schema: unknown;
    cache: null = null;
    nested: unknown;

    constructor(name: string, info: Info | null, args: readonly unknown[]) {
      facts.set(this, { name, info });
      // Of what is not granted nobody here knows whether it is about collections.
      const isAbout = info === null ? typeof args[0] === 'string' : info.collection;
      const options = (isAbout ? args[1] : args[0]) as Options | null | undefined;
      if (isAbout) {
        const collection = args[0];
        this.collection = collection ?? '';
        this.eventScope =
          typeof collection === 'string' && collection.startsWith(systemPrefix) ? collection.slice(systemPrefix.length) : 'items';
      }
      this.knex = options?.knex;
      this.accountability = options?.accountability ?? null;
      this.schema = options?.schema;
      this.nested = options?.nested ?? [];
      this.emitEvents = options?.emitEvents === false ? false : undefined;
    }

    /** The same service with other options. */
    fork(options: Options = {}): unknown {
      const { schema, accountability, knex, nested, emitEvents } = this;
      const merged = { schema, accountability, knex, nested, emitEvents, ...options };
      const Own = this.constructor as new (...args: readonly unknown[]) => unknown;
      return this.collection === undefined ? new Own(merged) : new Own(this.collection, merged);
    }
  }

  const addMethod = (prototype: object, method: string): void =>
    hidden(prototype, method, function (this: Service, ...args: readonly unknown[]) {
      return invoke(this, method, args);
    });
  for (const method of knownMethods) addMethod(Service.prototype, method);

  /** Of a service that is not granted, whatever is called is refused by the host, by its own name: the ledger shows what an extension would need. */
  const strange = new Proxy(Service.prototype, {
    get(target, key, self) {
      if (typeof key === 'symbol' || key in target || !methodName.test(key)) return Reflect.get(target, key, self) as unknown;
      return (...args: readonly unknown[]) => invoke(self as Service, key, args);
    },
  });

  const makeClass = (name: string, info: Info | null): unknown => {
    const Made = class extends Service {
      constructor(...args: readonly unknown[]) {
        super(name, info, args);
      }
    };
    hidden(Made, 'name', name);
    if (info === null) setPrototypeOf(Made.prototype, strange);
    else for (const method of keysOf(info.methods)) if (!hasOwn(Service.prototype, method)) addMethod(Made.prototype, method);
    return Made;
  };
  return makeClass;
};

/** As Directus names its services: looking at one that is not granted is free, its methods say what is missing. */
const serviceName = /^[A-Z][A-Za-z0-9_]{0,63}$/;

export const makeGuest = (bridge: GuestBridge): object => {
  const makeClass = makeBase(bridge);
  const made = new Map<string, unknown>();
  const classOf = (name: string, info: Info | null): unknown => {
    const known = made.get(name) ?? makeClass(name, info);
    made.set(name, known);
    return known;
  };
  const services = create(null) as Record<string, unknown>;
  hidden(services, 'hasOwnProperty', (key: PropertyKey): boolean => hasOwn(services, key));
  for (const [name, info] of entries((bridge.boot ?? {}) as ServicesBoot)) {
    defineProperty(services, name, { enumerable: true, configurable: true, writable: true, value: classOf(name, info) });
  }
  setPrototypeOf(services, null);
  return new Proxy(services, {
    get: (target, key) => {
      if (typeof key === 'symbol' || hasOwn(target, key)) return target[key as string];
      return serviceName.test(key) ? classOf(key, null) : undefined;
    },
  });
};
