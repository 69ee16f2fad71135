// Offers a built-in service: its context is made of nested calls and the host's events. Must never give it more than the lease itself may do.
import { LRUCache } from 'lru-cache';
import type { Caller } from '../../bridge/capability.ts';
import type { HostEvents } from '../../bridge/host-events.ts';
import { type ArgumentCheck, makeArgumentCompiler } from './argument-check.ts';
import type { BuiltInContext, BuiltInService, Description, Rows } from './built-in.ts';
import { inTurn } from './in-turn.ts';
import type { Invocation, OfferedMethod, OfferedService } from './offered.ts';

/** What was described, by its own text: as long as it says the same it is the same object, and what is made of it can be kept. */
type Descriptions = LRUCache<string, Description>;

const mostDescriptions = 256;
const mostChars = 16_777_216;

const makeDescriptions = (): Descriptions =>
  new LRUCache<string, Description>({ max: mostDescriptions, maxSize: mostChars, sizeCalculation: (_description, json) => json.length });

interface Parts extends Pick<Invocation, 'caller' | 'nested'> {
  readonly events: HostEvents;
  readonly descriptions: Descriptions;
  readonly turns: Turns;
}

/** By lease and transaction of its own, what is under way in it: savepoints of calls side by side would undo each other. */
type Turns = WeakMap<Caller, Map<number, Promise<unknown>>>;

const inTurnOf = <Result>(turns: Turns, caller: Caller, transaction: number, run: () => Promise<Result>): Promise<Result> => {
  const ofCaller = turns.get(caller) ?? new Map<number, Promise<unknown>>();
  turns.set(caller, ofCaller);
  const result = (ofCaller.get(transaction) ?? Promise.resolve()).then(run);
  const over = result.then(
    () => undefined,
    () => undefined,
  );
  ofCaller.set(transaction, over);
  return result;
};

/** `open`: the transaction its statements are in. `isWhole`: what is done in it is undone as a whole already. */
const makeContext = (parts: Parts, open: number | null, isWhole = false): BuiltInContext => {
  const { caller, nested, events, descriptions } = parts;
  const database = async (method: string, args: object): Promise<unknown> => JSON.parse((await nested('database', method, args)).json);
  /** In a transaction of the guest's: what fails half way leaves nothing there, and the transaction goes on. */
  const inSavepoint = async <Result>(transaction: number, run: (inner: BuiltInContext) => Promise<Result>): Promise<Result> => {
    const at = { transaction, ...((await database('savepoint', { transaction })) as { readonly savepoint: number }) };
    let result: Result;
    try {
      result = await run(makeContext(parts, transaction, true));
    } catch (error) {
      // Where it cannot be undone the transaction is over, or cannot be committed either; the first error is the one to tell.
      await database('rollbackTo', at)
        .then(() => database('release', at))
        .catch(() => undefined);
      throw error;
    }
    await database('release', at);
    return result;
  };
  const context: BuiltInContext = {
    caller,
    query: async (sql, bindings) => (await database('query', { sql, bindings, ...(open === null ? {} : { transaction: open }) })) as Rows,
    async describe(refresh = false) {
      const { json } = await nested('database', 'describe', refresh ? { refresh } : {});
      const known = descriptions.get(json);
      if (known !== undefined) return known;
      const description = JSON.parse(json) as Description;
      descriptions.set(json, description);
      return description;
    },
    async transaction(run) {
      if (open !== null) return isWhole ? await run(context) : await inTurnOf(parts.turns, caller, open, () => inSavepoint(open, run));
      const { transaction } = (await database('begin', {})) as { readonly transaction: number };
      let result: Awaited<ReturnType<typeof run>>;
      try {
        result = await run(makeContext(parts, transaction, true));
      } catch (error) {
        // Where it cannot be rolled back any more it ends with its lease; the first error is the one to tell.
        await database('rollback', { transaction }).catch(() => undefined);
        throw error;
      }
      await database('commit', { transaction });
      return result;
    },
    filter: (event, payload, meta) => events.filter(caller, event, payload, meta),
    action: (event, meta) => events.action(caller, event, meta),
  };
  return context;
};

/** Our own schemas need no host to show that they compile; and few hosts call every method. */
const atFirstCall = (compile: () => ArgumentCheck): ArgumentCheck => {
  let check: ArgumentCheck | undefined;
  return (args) => {
    check ??= compile();
    return check(args);
  };
};

export const makeBuiltInService = (service: BuiltInService, events: HostEvents): OfferedService => {
  const compile = makeArgumentCompiler();
  const descriptions = makeDescriptions();
  const turns: Turns = new WeakMap();
  const methods = new Map<string, OfferedMethod>(
    Object.entries(service.methods).map(([name, { args, effect }]) => [name, { effect, check: atFirstCall(() => compile(args)) }]),
  );
  return {
    collection: service.collection ?? true,
    about: null,
    methods,
    call: (invocation) => {
      const { caller, nested, transaction, collection, method, args, emitEvents } = invocation;
      const context = makeContext({ caller, nested: inTurn(nested), events, descriptions, turns }, transaction);
      return service.call({ collection: collection ?? '', method, args, emitEvents }, context);
    },
  };
};
