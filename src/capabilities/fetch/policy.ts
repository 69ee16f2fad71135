// Decides where an extension may send what: pure. Must never look a name up, nor see a secret.
import type { Decision, Policy } from '../../bridge/capability.ts';
import type { FetchGrant, OriginRule, RequestArgs } from './contract.ts';
import { plainHeaders, transportHeaders } from './request-headers.ts';
import { coversPath, parseTarget } from './target.ts';

const allow = (rule: string): Decision => ({ allow: true, rule });
const deny = (rule: string, reason: string): Decision => ({ allow: false, rule, reason });

const headerAllowed = ({ headers }: OriginRule, name: string): boolean =>
  plainHeaders.has(name) || headers === true || (headers ?? []).includes(name);

export const makeFetchPolicy = (grant: FetchGrant): Policy => {
  const rules: ReadonlyMap<string, OriginRule> = new Map(
    Object.entries(grant.origins).map(([origin, rule]) => [origin, rule === true ? {} : rule]),
  );
  const secretHeaders = new Set(Object.values(grant.secrets ?? {}).map(({ origin, header }) => `${header} ${origin}`));

  const decideRequest = ({ url, method, headers }: RequestArgs): Decision => {
    const target = parseTarget(url);
    if (target === null)
      return deny(
        'fetch.url',
        'the URL is not an absolute http or https URL without credentials, blanks, backslashes and control characters',
      );
    const { origin, pathname } = target;
    const rule = rules.get(origin);
    if (rule === undefined) return deny('fetch.origin', `the grant does not list the origin ${origin}; add it to "origins"`);
    if (rule.methods !== undefined && !rule.methods.includes(method))
      return deny('fetch.method', `the grant does not allow ${method} for ${origin}; add it to its "methods"`);
    if (rule.paths !== undefined && !rule.paths.some((prefix) => coversPath(prefix, pathname)))
      return deny('fetch.path', `the grant has no path of ${origin} that this one begins with; add it to its "paths"`);
    for (const [name] of headers) {
      if (transportHeaders.has(name)) return deny('fetch.header', `the header ${name} is the host's own`);
      // Whoever is granted a secret for a header is granted the header.
      if (!headerAllowed(rule, name) && !secretHeaders.has(`${name} ${origin}`))
        return deny('fetch.header', `the grant does not list the header ${name} for ${origin}; add it to its "headers"`);
    }
    return allow('fetch.origin');
  };

  return (method, args) => (method === 'request' ? decideRequest(args as RequestArgs) : allow('fetch.own'));
};
