// Offers a built-in service: its context is made of nested calls and the host's events. Must never give it more than the lease itself may do.
import { LRUCache } from 'lru-cache';
import type { HostEvents } from '../../bridge/host-events.ts';
import { makeArgumentCompiler } from './argument-check.ts';
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
}

/** `open`: the transaction its statements are in. */
const makeContext = (parts: Parts, open: number | null): BuiltInContext => {
  const { caller, nested, events, descriptions } = parts;
  const database = async (method: string, args: object): Promise<unknown> => JSON.parse((await nested('database', method, args)).json);
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
      if (open !== null) return await run(context);
      const { transaction } = (await database('begin', {})) as { readonly transaction: number };
      let result: Awaited<ReturnType<typeof run>>;
      try {
        result = await run(makeContext(parts, transaction));
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

export const makeBuiltInService = (service: BuiltInService, events: HostEvents): OfferedService => {
  const compile = makeArgumentCompiler();
  const descriptions = makeDescriptions();
  const methods = new Map<string, OfferedMethod>(
    Object.entries(service.methods).map(([name, { args, effect }]) => [name, { effect, check: compile(args) }]),
  );
  return {
    collection: service.collection ?? true,
    methods,
    call: (invocation) => {
      const { caller, nested, transaction, collection, method, args, emitEvents } = invocation;
      const context = makeContext({ caller, nested: inTurn(nested), events, descriptions }, transaction);
      return service.call({ collection: collection ?? '', method, args, emitEvents }, context);
    },
  };
};
