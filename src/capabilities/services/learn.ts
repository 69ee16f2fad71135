// Which services, methods and collections were used, read off the ledger: pure. Must never see what a call was about.
import type { GrantLine, Learning } from '../../bridge/capability.ts';
import type { ServiceGrant, ServicesGrant } from './contract.ts';
import { isCall } from './policy.ts';
import { readServicesCode } from './read-code.ts';

const methods = 'methods';
const collections = 'collections';

const linesOfService = ([service, grant]: readonly [string, ServiceGrant]): readonly GrantLine[] => [
  ...(grant.methods === true ? [[service, methods]] : grant.methods.map((name) => [service, methods, name])),
  ...(grant.collections ?? []).map((name) => [service, collections, name]),
];

const grantService = (lines: readonly GrantLine[]): ServiceGrant => {
  const named = (list: string): string[] => lines.flatMap(([, one, name]) => (one === list && name !== undefined ? [name] : [])).toSorted();
  const all = lines.some((line) => line.length === 2 && line[1] === methods);
  const about = named(collections);
  return { methods: all ? true : named(methods), ...(about.length === 0 ? {} : { collections: about }) };
};

export const servicesLearning: Learning<ServicesGrant> = {
  readCode: readServicesCode,
  observe({ method, args: { service, method: called, collection } }) {
    if (!isCall(method) || typeof service !== 'string' || typeof called !== 'string') return [];
    return [[service, methods, called], ...(typeof collection === 'string' ? [[service, collections, collection]] : [])];
  },
  linesOf: (grant) => Object.entries(grant).flatMap(linesOfService),
  grantFor(lines) {
    const services = [...new Set(lines.flatMap(([service]) => (service === undefined ? [] : [service])))].toSorted();
    return Object.fromEntries(services.map((service) => [service, grantService(lines.filter(([one]) => one === service))]));
  },
};
