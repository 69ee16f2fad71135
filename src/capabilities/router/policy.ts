// Decides which requests reach an extension: pure. Must never see a body, a header or a query.
import type { Decision, Policy } from '../../bridge/capability.ts';
import type { RequestArgs, RouterGrant } from './contract.ts';
import { findTrick, parsePath } from './path.ts';

type Rule = (subject: string) => Decision;

const deny = (rule: string, reason: string): Decision => ({ allow: false, rule, reason });

/** HEAD runs GET's handlers and OPTIONS tells of all: so the one follows GET and the other any. */
const makeMethodRule = (methods: RouterGrant['methods']): Rule => {
  if (methods === undefined) return () => ({ allow: true, rule: 'router.methods' });
  const listed = new Set<string>(methods);
  if (listed.has('GET')) listed.add('HEAD');
  if (listed.size > 0) listed.add('OPTIONS');
  return (method) =>
    listed.has(method)
      ? { allow: true, rule: 'router.methods' }
      : deny('router.methods', 'the grant does not list the method; add it to "methods"');
};

/** Case counts: Express may route /ADMIN to /admin, but a list that allows only one spelling lets only that one pass. */
const makePathRule = (paths: RouterGrant['paths']): Rule => {
  if (paths === undefined || paths.includes('/*')) return () => ({ allow: true, rule: 'router.paths' });
  const exact = new Set<string>();
  const below: string[] = [];
  for (const pattern of paths) {
    const parsed = parsePath(pattern.endsWith('/*') ? pattern.slice(0, -2) : pattern);
    // The schema has refused what does not parse; a pattern that slipped by matches nothing.
    if ('reason' in parsed) continue;
    exact.add(parsed.path);
    if (pattern.endsWith('/*')) below.push(`${parsed.path}/`);
  }
  return (path) => {
    const parsed = parsePath(path);
    if ('reason' in parsed) return deny('router.path', parsed.reason);
    const found = exact.has(parsed.path) || below.some((start) => parsed.path.startsWith(start));
    return found ? { allow: true, rule: 'router.paths' } : deny('router.paths', 'the grant does not list the path; add it to "paths"');
  };
};

export const makeRouterPolicy = (grant: RouterGrant): Policy => {
  const decideMethod = makeMethodRule(grant.methods);
  const decidePath = makePathRule(grant.paths);
  return (method, args) => {
    if (method !== 'request') return deny('router.method', 'router has no methods; the host asks it for requests');
    const request = args as RequestArgs;
    const trick = findTrick(request.path);
    if (trick !== null) return deny('router.path', trick);
    const decision = decideMethod(request.method);
    return decision.allow ? decidePath(request.path) : decision;
  };
};
