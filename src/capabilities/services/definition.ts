// What an embedder says of a service: the public types, and the helper that checks them while they are written. Must never hold logic.

/** A JSON Schema, as ajv takes it (draft 7, strict). */
export type JsonSchema = Readonly<Record<string, unknown>> | boolean;

export interface ServiceMethod {
  /** One schema for each argument, in order. */
  readonly args: readonly JsonSchema[];
  /** How many of them must be given; all where absent. */
  readonly required?: number;
  /** false only where a call leaves nothing behind: a request whose cell was lost may then be run again. */
  readonly effect: boolean;
}

/** A result as `pg` gives it, values by the type of their column. */
export interface ServiceRows {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly rowCount: number | null;
}

/** One statement in the extension's transaction, under its own database grant. Placeholders are `$1`, `$2`, … */
export type ServiceQuery = (sql: string, bindings?: readonly unknown[]) => Promise<ServiceRows>;

/** On whose behalf a service works: facts of the host, nothing of which the extension said. */
export interface ServiceCaller {
  readonly extension: string;
  readonly version: string;
  readonly tenant: string;
  readonly requestId: string;
  /** What `identify` said, with `admin` or `app` given up where the extension asked for that. Never null: Directus's services take null for every right. */
  readonly accountability: Readonly<Record<string, unknown>>;
  /** null where the service is not about collections. */
  readonly collection: string | null;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  remainingMs(): number;
  /** Only with `joins`, and only where the extension gave a transaction. */
  readonly query?: ServiceQuery;
}

interface CommonDefinition {
  readonly methods: Readonly<Record<string, ServiceMethod>>;
  /** The collection it is about, where that is always the same: whoever may read by it is told of it by `getSchema`. */
  readonly about?: string;
}

interface MadeForEachCall extends CommonDefinition {
  /** It is made for a collection, which the grant names. */
  readonly collection?: boolean;
  /** It does its work by `query` where the extension gave a transaction. Without it such a call is refused. */
  readonly joins?: boolean;
}

/** One object for all calls: it does not learn who calls. */
export interface ObjectDefinition extends CommonDefinition {
  readonly kind: 'object';
  readonly service: object;
}

/** In Directus's form: `new Class(options)`, or `new Class(collection, options)`, for each call. Options: `accountability`, `caller`, and `schema`, `knex`, `query` where there are such. */
export interface ClassDefinition extends MadeForEachCall {
  readonly kind: 'class';
  readonly service: new (...args: never[]) => object;
  /** Gives your own SchemaOverview. What an extension passes as `schema` is never used. */
  readonly schema?: () => unknown;
  /** Your own connection, under your own responsibility. Left out where the extension gave a transaction. */
  readonly knex?: unknown;
}

/** Called for each call; gives the object that has the methods. */
export interface FactoryDefinition extends MadeForEachCall {
  readonly kind: 'factory';
  readonly service: (caller: ServiceCaller) => object | Promise<object>;
}

export type ServiceDefinition = ObjectDefinition | ClassDefinition | FactoryDefinition;

/** Gives back what it gets: for editors and compilers. */
export const defineService = <const Definition extends ServiceDefinition>(definition: Definition): Definition => definition;
