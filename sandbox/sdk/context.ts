// The register context and its capabilities, as types. Must never hold code, nor promise what the guest sides do not keep: agreement.ts compares.
import type { Knex } from 'knex';
import type { Accountability } from './http.ts';

type LogLine = (...args: readonly unknown[]) => void;

/** pino's methods and call forms. Levels that are not granted write nothing. */
export interface Logger {
  readonly fatal: LogLine;
  readonly error: LogLine;
  readonly warn: LogLine;
  readonly info: LogLine;
  readonly debug: LogLine;
  readonly trace: LogLine;
  level: string;
  isLevelEnabled(level: string): boolean;
  child(bindings?: object): Logger;
}

type EventHandler = (...args: readonly unknown[]) => unknown;

/** Events of the extensions of one tenant, under the grant `emitter`. */
export interface Emitter {
  emitFilter(event: string | readonly string[], payload: unknown, meta?: object): Promise<unknown>;
  emitAction(event: string | readonly string[], meta?: object): void;
  emitInit(event: string | readonly string[], meta?: object): Promise<void>;
  onFilter(event: string, handler: EventHandler): void;
  onAction(event: string, handler: EventHandler): void;
  onInit(event: string, handler: EventHandler): void;
  offFilter(event: string, handler: EventHandler): void;
  offAction(event: string, handler: EventHandler): void;
  offInit(event: string, handler: EventHandler): void;
  offAll(): void;
}

/** The tables that `database` grants, as Directus describes them. */
export interface SchemaOverview {
  readonly collections: Readonly<Record<string, { readonly primary: string; readonly fields: Readonly<Record<string, unknown>> }>>;
  readonly relations: readonly unknown[];
}

/** An instance asks the host's service of that name: any method that the grant names. */
export type ServiceInstance = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;
export interface ServiceOptions {
  readonly schema?: unknown;
  readonly accountability?: unknown;
  readonly knex?: unknown;
}

export type Item = Record<string, unknown>;
export type Key = string | number;

/** The data methods of Directus's ItemsService that Cloister's own has. */
export interface ItemsService {
  readByQuery(query: object, options?: object): Promise<Item[]>;
  readOne(key: Key, query?: object, options?: object): Promise<Item>;
  readMany(keys: readonly Key[], query?: object, options?: object): Promise<Item[]>;
  createOne(data: Item, options?: object): Promise<Key>;
  createMany(data: readonly Item[], options?: object): Promise<Key[]>;
  updateOne(key: Key, data: Item, options?: object): Promise<Key>;
  updateMany(keys: readonly Key[], data: Item, options?: object): Promise<Key[]>;
  updateByQuery(query: object, data: Item, options?: object): Promise<Key[]>;
  updateBatch(data: readonly Item[], options?: object): Promise<Key[]>;
  upsertOne(data: Item, options?: object): Promise<Key>;
  upsertMany(data: readonly Item[], options?: object): Promise<Key[]>;
  deleteOne(key: Key, options?: object): Promise<Key>;
  deleteMany(keys: readonly Key[], options?: object): Promise<Key[]>;
  deleteByQuery(query: object, options?: object): Promise<Key[]>;
}

export interface Services {
  readonly ItemsService: new (collection: string, options?: ServiceOptions) => ItemsService;
  /** Others that the host offers, some of which take a collection first. */
  readonly [name: string]: new (
    ...args: never[]
  ) => ServiceInstance | ItemsService;
}

export interface KvEntry {
  readonly key: string;
  readonly value?: unknown;
  /** Another one after each change, and never one that was there before. */
  readonly version: number;
  /** Milliseconds since 1970; null: it does not expire. */
  readonly expiresAt: number | null;
}

/** The extension's own values, of this tenant, under the grant `kv`. `ifVersion`: only where that is the version now; null: only where there is none. */
export interface Kv {
  /** undefined where there is none. */
  get(key: string): Promise<unknown>;
  entry(key: string): Promise<KvEntry | undefined>;
  /** The new version; null where `ifVersion` did not hold. */
  set(key: string, value: unknown, options?: { readonly ttlMs?: number; readonly ifVersion?: number | null }): Promise<number | null>;
  /** false where there was none, or `ifVersion` did not hold. */
  delete(key: string, options?: { readonly ifVersion?: number | null }): Promise<boolean>;
  /** In the order of their bytes. A cursor is where the next page begins; null: there is none. */
  list(options?: {
    readonly prefix?: string;
    readonly limit?: number;
    readonly cursor?: string | null;
    readonly values?: boolean;
  }): Promise<{ readonly entries: readonly KvEntry[]; readonly cursor: string | null }>;
}

/** The second argument of a register function. What is not granted is there, and refuses when it is used. */
export interface Context {
  readonly services: Services;
  readonly database: Knex;
  getSchema(options?: object): Promise<SchemaOverview>;
  readonly emitter: Emitter;
  readonly env: Readonly<Record<string, unknown>>;
  readonly logger: Logger;
  /** Cloister's own; Directus has none. */
  readonly kv: Kv;
}

/** The last argument of a filter or an action. */
export interface EventContext {
  readonly database: Knex;
  readonly schema: SchemaOverview | null;
  readonly accountability: Accountability | null;
}
