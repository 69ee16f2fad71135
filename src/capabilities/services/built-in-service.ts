// Offers a built-in service: its context is made of nested calls and the host's events. Must never give it more than the lease itself may do.
import type { HostEvents } from '../../bridge/host-events.ts';
import { type ArgumentCheck, makeArgumentCompiler } from './argument-check.ts';
import type { BuiltInContext, BuiltInService, Description, Rows } from './built-in.ts';
import { inTurn } from './in-turn.ts';
import type { Invocation, OfferedMethod, OfferedService } from './offered.ts';

const makeContext = (
  { caller, nested }: Pick<Invocation, 'caller' | 'nested'>,
  events: HostEvents,
  open: number | null,
): BuiltInContext => {
  const database = async (method: string, args: object): Promise<unknown> => JSON.parse((await nested('database', method, args)).json);
  const context: BuiltInContext = {
    caller,
    query: async (sql, bindings) => (await database('query', { sql, bindings, ...(open === null ? {} : { transaction: open }) })) as Rows,
    describe: async (refresh = false) => (await database('describe', refresh ? { refresh } : {})) as Description,
    async transaction(run) {
      if (open !== null) return await run(context);
      const { transaction } = (await database('begin', {})) as { readonly transaction: number };
      let result: Awaited<ReturnType<typeof run>>;
      try {
        result = await run(makeContext({ caller, nested }, events, transaction));
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
  const methods = new Map<string, OfferedMethod>(
    Object.entries(service.methods).map(([name, { args, effect }]) => [name, { effect, check: compile(args) satisfies ArgumentCheck }]),
  );
  return {
    collection: true,
    methods,
    call: (invocation) => {
      const { caller, nested, transaction, collection, method, args, emitEvents } = invocation;
      const context = makeContext({ caller, nested: inTurn(nested) }, events, transaction);
      return service.call({ collection: collection ?? '', method, args, emitEvents }, context);
    },
  };
};
