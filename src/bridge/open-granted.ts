// Opens the capabilities of one extension: instances at what is enforced, policies for that and for what is only reported. Must never open one wider than its enforced grants.
import { Ajv, type ValidateFunction } from 'ajv';
import type { CapabilityEntry, HostResources } from '../capabilities/registry.ts';
import type { Effective, ReportedGrants } from '../config/effective.ts';
import type { Granted } from './bridge.ts';
import type { Policy } from './capability.ts';
import { ungranted } from './verdict.ts';

/** Each schema is compiled at the first call of its method: an extension calls few of those it was granted. */
const makeArgumentCheck = (methods: Readonly<Record<string, { readonly args: object }>>): Granted['check'] => {
  let ajv: Ajv | undefined;
  const validators = new Map<string, ValidateFunction>();
  const validatorOf = (method: string): ValidateFunction | undefined => {
    const known = validators.get(method);
    if (known !== undefined || !Object.hasOwn(methods, method)) return known;
    // A contract is ours and was checked by a test; to check it here costs each instance a schema of schemas.
    ajv ??= new Ajv({ strict: true, strictTypes: false, allErrors: false, validateSchema: false, meta: false });
    const made = ajv.compile(methods[method]?.args ?? false);
    validators.set(method, made);
    return made;
  };
  return (method, args) => {
    const validate = validatorOf(method);
    if (validate === undefined || validate(args)) return null;
    const [first] = validate.errors ?? [];
    return `the arguments${first?.instancePath ?? ''} ${first?.message ?? 'do not fit'}`;
  };
};

/** Of what is only reported, the grants that go on narrowing in mode `audit`. */
export const waivedGrants = (reported: readonly ReportedGrants[]): readonly unknown[] =>
  reported.flatMap((one) => (one.by === 'grants' ? (one.grants ?? []) : []));

const makeGranted = (capability: CapabilityEntry['capability'], granted: Omit<Granted, 'narrow'>): Granted => ({
  ...granted,
  narrow(grant) {
    const instance = granted.instance.narrowed?.(grant) ?? granted.instance;
    const own = instance === granted.instance || instance.policy === undefined ? [] : [instance.policy];
    return makeGranted(capability, { ...granted, policies: [...granted.policies, capability.makePolicy(grant), ...own], instance });
  },
});

type Identity = { readonly id: string; readonly version: string };

const openOne = async (
  { capability, resourcesOf }: CapabilityEntry,
  grants: readonly unknown[],
  { reported: all }: Effective,
  identity: Identity,
  resources: HostResources,
): Promise<Granted> => {
  const { contract } = capability;
  const reported = all.get(contract.name) ?? [];
  const waived = waivedGrants(reported);
  const instance = await capability.open(identity, grants, resourcesOf(resources), waived);
  const policiesOf = (mine: readonly unknown[], own: Policy | undefined): readonly Policy[] => [
    ...mine.map((grant) => capability.makePolicy(grant)),
    ...(own === undefined ? [] : [own]),
  ];
  return makeGranted(capability, {
    contract,
    check: makeArgumentCheck(contract.methods),
    policies: policiesOf(grants, instance.policy),
    reported: reported.map(({ by, grants: mine }) => ({
      by,
      policies: mine === null ? [ungranted] : policiesOf(mine, instance.policyUnder?.([...grants, ...mine])),
    })),
    instance,
  });
};

/** Where one cannot be opened, those that were are closed again. */
export const openGranted = async (
  registry: readonly CapabilityEntry[],
  effective: Effective,
  identity: Identity,
  resources: HostResources,
): Promise<ReadonlyMap<string, Granted>> => {
  const opened = new Map<string, Granted>();
  try {
    for (const entry of registry) {
      const { name } = entry.capability.contract;
      const grants = effective.grants.get(name);
      if (grants === undefined) continue;
      const isWithinReachOnly = effective.reported.get(name)?.some((one) => one.by === 'grants' && one.grants === null) === true;
      // Nobody granted it: that the embedder has none to give is no mistake of the operator's.
      if (isWithinReachOnly && entry.isMissing?.(resources) === true) continue;
      opened.set(name, await openOne(entry, grants, effective, identity, resources));
    }
  } catch (error) {
    await Promise.allSettled([...opened.values()].map(({ instance }) => instance.close()));
    throw error;
  }
  return opened;
};
