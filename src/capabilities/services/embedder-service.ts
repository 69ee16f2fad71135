// Calls a service of the embedder's on behalf of a lease. Must never look anything up by a name that is not on the service's own closed list.
import type { Nested } from '../../bridge/capability.ts';
import type { HostEvents } from '../../bridge/host-events.ts';
import { leaseOver, withinLease } from '../../bridge/within-lease.ts';
import { CloisterError } from '../../errors.ts';
import { accountabilityOf } from './accountability.ts';
import type { ServiceCaller } from './definition.ts';
import { inTurn } from './in-turn.ts';
import { makeJoinedQuery } from './joined-query.ts';
import type { Invocation, OfferedService } from './offered.ts';
import type { RegisteredMethod, RegisteredService } from './registered.ts';
import { toTellable } from './service-error.ts';

/** What was made to be told to this lease: errors of the calls it made itself. */
const remembering =
  (nested: Nested, ours: WeakSet<object>): Nested =>
  async (...call) => {
    try {
      return await nested(...call);
    } catch (error) {
      if (error instanceof CloisterError) ours.add(error);
      throw error;
    }
  };

const makeCaller = ({ caller, collection, lower, transaction }: Invocation, nested: Nested): ServiceCaller => {
  const { extension, version, tenant, requestId, signal } = caller;
  return {
    extension,
    version,
    tenant,
    requestId,
    accountability: accountabilityOf(caller, lower),
    collection,
    signal,
    remainingMs: () => caller.remainingMs(),
    ...(transaction === null ? {} : { query: makeJoinedQuery(inTurn(nested), transaction) }),
  };
};

const construct = async (registered: RegisteredService, invocation: Invocation, nested: Nested): Promise<object> => {
  if (registered.kind === 'object') return registered.service;
  const caller = makeCaller(invocation, nested);
  if (registered.kind === 'factory') return await registered.service(caller);
  const { schema, knex, service } = registered;
  const options = {
    accountability: caller.accountability,
    caller,
    ...(schema === null ? {} : { schema: await schema() }),
    ...(knex === undefined || invocation.transaction !== null ? {} : { knex }),
    ...(caller.query === undefined ? {} : { query: caller.query }),
    ...(invocation.emitEvents ? {} : { emitEvents: false }),
  };
  return Reflect.construct(service, registered.collection ? [invocation.collection, options] : [options]) as object;
};

/** What crossed as null because nothing was given is nothing again, so that defaults hold. */
const fill = (args: readonly unknown[], { required }: RegisteredMethod): readonly unknown[] =>
  args.map((arg, index) => (arg === null && index >= required ? undefined : arg));

export const makeEmbedderService = (name: string, registered: RegisteredService, events: HostEvents): OfferedService => ({
  collection: registered.collection,
  about: registered.about,
  methods: registered.methods,
  async call(invocation) {
    const { method, caller } = invocation;
    const known = registered.methods.get(method);
    if (known === undefined) throw new CloisterError('ERR_METHOD_UNKNOWN', `the service ${name} has no method ${method}`);
    if (invocation.transaction !== null && !registered.joins)
      throw new CloisterError(
        'ERR_ARGUMENT_INVALID',
        `services.${name}: it cannot join a transaction of the extension's; leave "knex" out, or give it "database"`,
      );
    const ours = new WeakSet<object>();
    try {
      const work = async (): Promise<unknown> => {
        const service = await construct(registered, invocation, remembering(invocation.nested, ours));
        // `method` is the operator's own string by now: the map had it.
        const run: unknown = Reflect.get(service, method);
        if (typeof run !== 'function') throw new Error(`the service ${name} has no function ${method}`);
        return (await Reflect.apply(run, service, fill(invocation.args, known))) as unknown;
      };
      // What it fires stands in the chain of who called it: a loop through the host must end too.
      return await withinLease(caller, () => events.within(caller, work));
    } catch (error) {
      if (caller.signal.aborted) throw leaseOver();
      throw toTellable(error, name, ours);
    }
  },
});
