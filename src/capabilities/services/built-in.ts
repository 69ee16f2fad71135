// What a service that Cloister brings itself is, and what it gets to work with. Must never offer a way to the data beside the database capability.
import type { TSchema } from '#typebox';
import type { Caller } from '../../bridge/capability.ts';

/** A binding as the database capability takes it: PostgreSQL's text form in a JSON value, or bytes in base64. */
export type Binding = string | number | boolean | null | { readonly $bytes: string };

/** A result as the database capability gives it: PostgreSQL's text values, with the name and type OID of each column. */
export interface Rows {
  readonly command: string;
  readonly rowCount: number | null;
  readonly fields: readonly (readonly [name: string, dataTypeID: number])[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** The tables the extension's database grant covers, as `database.describe` tells them: never one that it does not. */
export interface Description {
  readonly tables: readonly DescribedTable[];
  readonly foreignKeys: readonly DescribedKey[];
}

export interface DescribedTable {
  /** `articles`, or `sales.orders` outside the default schema. */
  readonly collection: string;
  readonly schema: string;
  readonly table: string;
  readonly note: string | null;
  /** null where the key is not one column that the grant covers. */
  readonly primary: string | null;
  readonly operations: readonly string[];
  readonly columns: readonly {
    readonly name: string;
    /** Directus's name of it: `integer`, `timestamp`, `json`, … */
    readonly type: string;
    readonly dbType: string;
    readonly nullable: boolean;
    readonly generated: boolean;
    readonly default: string | number | boolean | null;
    readonly note: string | null;
    readonly precision: number | null;
    readonly scale: number | null;
    readonly may: readonly string[];
  }[];
}

export interface DescribedKey {
  readonly name: string;
  readonly collection: string;
  readonly column: string;
  readonly related: string;
  readonly relatedColumn: string;
  readonly onUpdate: string;
  readonly onDelete: string;
  /** The field on the related side, where there is room for one. */
  readonly oneField: string | null;
}

/** A call that was admitted: its method is one of the service's own, its arguments fit their schema, service and collection are granted. */
export interface BuiltInCall {
  readonly collection: string;
  readonly method: string;
  /** As the guest gave them, undefined at the end cut off and null in between. */
  readonly args: readonly unknown[];
  /** false: the guest's constructor said so. What a method's own options say is among its arguments. */
  readonly emitEvents: boolean;
}

export interface BuiltInContext {
  readonly caller: Caller;
  /** One statement through every check of the database capability, in the transaction that is open here, if one is. One at a time. */
  query(sql: string, bindings: readonly Binding[]): Promise<Rows>;
  /** `refresh`: something speaks for a changed table. The same object as long as it says the same: it may be a key. */
  describe(refresh?: boolean): Promise<Description>;
  /**
   * Runs in a transaction: committed when `run` resolves, rolled back when it rejects. Where the guest gave one as `knex`, it runs in
   * a savepoint of that, one such call at a time, and the guest ends it; an outer `transaction` is joined.
   */
  transaction<T>(run: (context: BuiltInContext) => Promise<T>): Promise<T>;
  /** The host's own events, to the listeners of this tenant. Say nothing where the call's `emitEvents` or its options say false. */
  filter(event: string, payload: unknown, meta: Readonly<Record<string, unknown>>): Promise<unknown>;
  action(event: string, meta: Readonly<Record<string, unknown>>): void;
}

export interface BuiltInMethod {
  /** JSON Schema of the list of arguments: an array. Checked before the call; what is optional in between allows null too. */
  readonly args: TSchema;
  /** It leaves something behind, so its request is not run again. */
  readonly effect: boolean;
}

export interface BuiltInService {
  readonly name: string;
  /** false: it is made without a collection. */
  readonly collection?: false;
  /** A closed list: nothing else can be called. */
  readonly methods: Readonly<Record<string, BuiltInMethod>>;
  /** Resolves with the result, which crosses as JSON. Throws RelayedError for what the guest is to hear in Directus's words. */
  call(call: BuiltInCall, context: BuiltInContext): Promise<unknown>;
}
