// Calls the services a host offers, for one extension. Must never reach one beside what is offered, nor answer with more than fits.
import type { Caller, CallResult, Capability, CapabilityInstance, Nested } from '../../bridge/capability.ts';
import type { HostEvents } from '../../bridge/host-events.ts';
import { CloisterError } from '../../errors.ts';
import type { Limits } from '../../limits/table.ts';
import { toBoundedJson } from './bounded-json.ts';
import { makeBuiltInService } from './built-in-service.ts';
import { makeBuiltIns } from './built-ins.ts';
import { type CallArgs, type ServicesBoot, type ServicesGrant, servicesContract } from './contract.ts';
import { coversServices } from './covers.ts';
import { makeEmbedderService } from './embedder-service.ts';
import { servicesLearning } from './learn.ts';
import type { Offered, OfferedService } from './offered.ts';
import { findUnplain } from './plain-arguments.ts';
import { allowCall, allowDescribe, denyCall, isCall, makeServicesPolicy } from './policy.ts';
import type { RegisteredService } from './registered.ts';

/** What is offered to every extension that is granted it: an embedder's own goes before a built-in of the same name. */
export const makeOffered = (registered: ReadonlyMap<string, RegisteredService>, events: HostEvents): Offered =>
  new Map<string, OfferedService>([
    ...makeBuiltIns().map((service): [string, OfferedService] => [service.name, makeBuiltInService(service, events)]),
    ...[...registered].map(([name, service]): [string, OfferedService] => [name, makeEmbedderService(name, service, events)]),
  ]);

export interface ServicesResources {
  readonly services: Offered;
  readonly limits: Limits;
  /** Grants may name what this host does not offer: its operator should hear of it once. */
  readonly logger: { warn(facts: object, message: string): void };
}

/** Of what is offered, what all grants allow. */
const makeBoot = (offered: Offered, grants: readonly ServicesGrant[]): ServicesBoot => {
  const policies = grants.map(makeServicesPolicy);
  const isGranted = (service: string, method: string): boolean =>
    policies.length > 0 && policies.every((policy) => policy('read', { service, method, args: [] } satisfies CallArgs).allow);
  return Object.fromEntries(
    [...offered].flatMap(([service, { collection, methods }]) => {
      const granted = [...methods].filter(([method]) => isGranted(service, method));
      return granted.length === 0
        ? []
        : [[service, { collection, methods: Object.fromEntries(granted.map(([method, { effect }]) => [method, effect])) }]];
    }),
  );
};

/** Collections whose items all grants let be read by one service or another. */
const findReadable = (offered: Offered, grants: readonly ServicesGrant[]): readonly string[] => {
  const policies = grants.map(makeServicesPolicy);
  const allows = (call: Omit<CallArgs, 'args'>): boolean => policies.every((policy) => policy('read', { ...call, args: [] }).allow);
  const found = [...offered].flatMap(([service, { collection, about, methods }]) => {
    const reads = [...methods].flatMap(([method, { effect }]) => (effect ? [] : [method]));
    if (!collection) return about !== null && reads.some((method) => allows({ service, method })) ? [about] : [];
    const named = [...new Set(grants.flatMap((grant) => grant[service]?.collections ?? []))];
    return named.filter((name) => reads.some((method) => allows({ service, method, collection: name })));
  });
  return grants.length === 0 ? [] : [...new Set(found)].toSorted();
};

const missingIn = (offered: Offered, grants: readonly ServicesGrant[]): readonly string[] => [
  ...new Set(
    grants.flatMap((grant) =>
      Object.entries(grant).flatMap(([service, { methods }]) => {
        const known = offered.get(service);
        if (known === undefined) return [service];
        return methods === true ? [] : methods.filter((method) => !known.methods.has(method)).map((method) => `${service}.${method}`);
      }),
    ),
  ),
];

export const servicesCapability: Capability<ServicesResources, ServicesGrant> = {
  contract: servicesContract,
  learning: servicesLearning,
  makePolicy: makeServicesPolicy,
  covers: coversServices,
  open({ id }, grants, { services, limits: { resultBytes }, logger }) {
    const missing = missingIn(services, grants);
    if (missing.length > 0) logger.warn({ extension: id, missing }, 'a grant of services names what this host does not offer');
    const boot = makeBoot(services, grants);

    const run = async (args: CallArgs, caller: Caller, nested: Nested): Promise<CallResult> => {
      const { service, method, collection, transaction, lower } = args;
      const offered = services.get(service);
      const known = offered?.methods.get(method);
      if (offered === undefined || known === undefined) throw new CloisterError('ERR_METHOD_UNKNOWN', `there is no ${service}.${method}`);
      const complaint = findUnplain(args.args) ?? known.check(args.args);
      if (complaint !== null) throw new CloisterError('ERR_ARGUMENT_INVALID', `services.${service}.${method}: ${complaint}`);
      let reached = false;
      const counted: Nested = (...call) => {
        reached = true;
        return nested(...call);
      };
      const result = await offered.call({
        method,
        collection: collection ?? null,
        args: args.args,
        caller,
        nested: counted,
        transaction: transaction ?? null,
        lower: lower ?? [],
        emitEvents: args.emitEvents ?? true,
      });
      // Rows that came by calls of its own stand on the ledger with those.
      return { json: toBoundedJson(result, resultBytes), ...(Array.isArray(result) && !reached ? { rows: result.length } : {}) };
    };

    const instanceOf = (all: readonly ServicesGrant[]): CapabilityInstance => ({
      policy(method, args) {
        if (method === 'describe') return allowDescribe;
        if (!isCall(method)) return { allow: false, rule: 'services.methods', reason: 'services has no such method' };
        const call = args as CallArgs;
        const offered = services.get(call.service);
        const known = offered?.methods.get(call.method);
        if (offered === undefined || known === undefined) return denyCall(call);
        if (offered.collection !== (call.collection !== undefined)) return denyCall(call);
        // Said to leave nothing behind, it would be run again.
        if (known.effect && method === 'read') return denyCall(call);
        return allowCall(call);
      },
      call(method, args, caller, nested) {
        if (method === 'describe') return { json: JSON.stringify(findReadable(services, all)) };
        if (!isCall(method) || nested === undefined) throw new CloisterError('ERR_METHOD_UNKNOWN', `services has no method ${method} here`);
        return run(args as CallArgs, caller, nested);
      },
      bootValue: () => boot,
      narrowed: (grant) => instanceOf([...all, grant as ServicesGrant]),
      close: () => Promise.resolve(),
    });
    return Promise.resolve(instanceOf(grants));
  },
};
