// ItemsService on the database capability as the bridge drives it, both walls up, on a real server. Must never give it another way to the data.
import type { Caller } from '../../src/bridge/capability.ts';
import type { DatabaseGrant } from '../../src/capabilities/database/contract.ts';
import type { BuiltInContext, Description, Rows } from '../../src/capabilities/services/built-in.ts';
import { makeItemsService } from '../../src/capabilities/services/items/service.ts';
import { CloisterError, RelayedError } from '../../src/errors.ts';
import { type DatabaseHarness, makeCaller, openDatabaseHarness } from './database-harness.ts';

export interface Fired {
  readonly kind: 'filter' | 'action';
  readonly event: string;
  readonly payload: unknown;
  readonly meta: Readonly<Record<string, unknown>>;
}

export interface ItemsUser {
  /** As a guest's call: arguments and result cross as JSON. */
  call(collection: string, method: string, ...args: readonly unknown[]): Promise<unknown>;
  /** The code of what it rejects with; `done` where it does not. */
  codeOf(collection: string, method: string, ...args: readonly unknown[]): Promise<string>;
  /** What it rejects with, as the guest is told. */
  failure(collection: string, method: string, ...args: readonly unknown[]): Promise<unknown>;
  /** Statements since it was last asked. */
  statements(): readonly string[];
  /** Events since it was last asked. */
  events(): readonly Fired[];
  /** Answers filter events; undefined keeps the payload. */
  onFilter(listener: ((event: string, payload: unknown) => unknown) | undefined): void;
}

export interface ItemsHarness extends Pick<DatabaseHarness, 'admin' | 'close'> {
  openUser(id: string, grant: DatabaseGrant, caller?: Caller): Promise<ItemsUser>;
}

const through = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null)) as unknown;

export const openItemsHarness = async (setUp: string, seed: string): Promise<ItemsHarness> => {
  const harness = await openDatabaseHarness(setUp);
  await harness.admin.query(seed);
  const service = makeItemsService();

  const openUser = async (id: string, grant: DatabaseGrant, caller: Caller = makeCaller()): Promise<ItemsUser> => {
    const extension = await harness.open(grant, { id });
    let statements: string[] = [];
    let events: Fired[] = [];
    let listener: ((event: string, payload: unknown) => unknown) | undefined;
    const contextOf = (transaction: number | undefined): BuiltInContext => ({
      caller,
      async query(sql, bindings) {
        statements.push(sql);
        const args = { sql, bindings, ...(transaction === undefined ? {} : { transaction }) };
        return (await extension.call('query', args, caller)) as Rows;
      },
      describe: async () => (await extension.call('describe', {}, caller)) as Description,
      async transaction(run) {
        if (transaction !== undefined) return await run(contextOf(transaction));
        const opened = (await extension.call('begin', {}, caller)) as { readonly transaction: number };
        try {
          const result = await run(contextOf(opened.transaction));
          await extension.call('commit', opened, caller);
          return result;
        } catch (error) {
          await extension.call('rollback', opened, caller);
          throw error;
        }
      },
      filter: async (event, payload, meta) => {
        events.push({ kind: 'filter', event, payload: through(payload), meta: through(meta) as Fired['meta'] });
        return (await listener?.(event, payload)) ?? payload;
      },
      action(event, meta) {
        events.push({ kind: 'action', event, payload: null, meta: through(meta) as Fired['meta'] });
      },
    });

    const call: ItemsUser['call'] = async (collection, method, ...args) =>
      through(
        await service.call({ collection, method, args: through(args) as readonly unknown[], emitEvents: true }, contextOf(undefined)),
      );
    const failure: ItemsUser['failure'] = (...given) =>
      call(...given).then(
        () => 'done',
        (error: unknown) => {
          if (!(error instanceof RelayedError) && !(error instanceof CloisterError)) throw error;
          return { code: error.code, status: error.status, message: error.message, extensions: error.details };
        },
      );
    return {
      call,
      failure,
      async codeOf(...given) {
        const found = await failure(...given);
        return typeof found === 'string' ? found : (found as { readonly code: string }).code;
      },
      statements() {
        const seen = statements;
        statements = [];
        return seen;
      },
      events() {
        const seen = events;
        events = [];
        return seen;
      },
      onFilter(given) {
        listener = given;
      },
    };
  };
  return { admin: harness.admin, openUser, close: () => harness.close() };
};
