// Follows redirects, each judged as if it had been asked for by itself. Must never carry a credential or a body to another origin.
import type { Policy } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import { fetchBounds } from './bounds.ts';
import type { RequestArgs } from './contract.ts';
import { EgressError } from './egress-error.ts';
import type { Incoming, Outgoing } from './exchange.ts';
import { plainHeaders } from './request-headers.ts';
import { parseTarget, type Target } from './target.ts';

export interface Followed extends Incoming {
  readonly url: string;
  readonly redirected: boolean;
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const ofBody: ReadonlySet<string> = new Set(['content-type', 'content-language', 'content-encoding', 'content-location']);

const locationOf = ({ headers }: Incoming, from: Target): Target | null => {
  const [, location] = headers.find(([name]) => name === 'location') ?? [];
  if (location === undefined || !URL.canParse(location, from.href)) return null;
  // A reference as it stands may be relative; what it leads to is judged like any URL.
  return parseTarget(new URL(location, from.href).href);
};

/** The fetch standard's HTTP-redirect fetch, without what a browser adds: https://fetch.spec.whatwg.org/#http-redirect-fetch. */
const nextRequest = (outgoing: Outgoing, status: number, target: Target): Outgoing => {
  const { method } = outgoing;
  const becomesGet = (status === 303 && method !== 'GET' && method !== 'HEAD') || ((status === 301 || status === 302) && method === 'POST');
  const isElsewhere = target.origin !== outgoing.target.origin;
  // As the standard has it: what was streamed is gone.
  if (!becomesGet && outgoing.body !== null && !Buffer.isBuffer(outgoing.body))
    throw new EgressError('failed', 'it redirects a request whose streamed body cannot be sent again');
  if (isElsewhere && !becomesGet && outgoing.body !== null)
    throw new EgressError('blocked', 'it redirects a request with a body to another origin');
  const headers = outgoing.headers.filter(
    ([name]) =>
      !(isElsewhere && !plainHeaders.has(name)) && !(isElsewhere && name === 'idempotency-key') && !(becomesGet && ofBody.has(name)),
  );
  if (becomesGet && outgoing.body !== null && !Buffer.isBuffer(outgoing.body)) outgoing.body.close();
  return { target, method: becomesGet ? 'GET' : method, headers, body: becomesGet ? null : outgoing.body };
};

const judge = (policies: readonly Policy[], { target, method, headers }: Outgoing): void => {
  const args: RequestArgs = {
    url: target.href,
    method: method as RequestArgs['method'],
    headers: headers.map(([name]) => [name, '']),
    redirect: 'follow',
  };
  for (const policy of policies) {
    const decision = policy('request', args);
    if (!decision.allow)
      throw new CloisterError('ERR_EGRESS_BLOCKED', `it redirects to ${target.origin}: ${decision.reason}`, {
        origin: target.origin,
        rule: decision.rule,
      });
  }
};

/** `exchange` sends one request. Rejects where a redirect leads where the grants do not, or there are too many. */
export const follow = async (
  first: Outgoing,
  mode: RequestArgs['redirect'],
  policies: readonly Policy[],
  exchange: (outgoing: Outgoing) => Promise<Incoming>,
): Promise<Followed> => {
  let outgoing = first;
  for (let hops = 0; ; hops += 1) {
    const incoming = await exchange(outgoing);
    const answer = { ...incoming, url: outgoing.target.href, redirected: hops > 0 };
    if (!redirects.has(incoming.status) || mode === 'manual') return answer;
    if (!incoming.headers.some(([name]) => name === 'location')) return answer;
    incoming.body.stream.on('error', () => undefined).destroy();
    if (mode === 'error') throw new EgressError('failed', 'it redirects, and the request said not to follow');
    if (hops >= fetchBounds.redirects.value)
      throw new EgressError('failed', `it redirects more than ${String(fetchBounds.redirects.value)} times`);
    const target = locationOf(incoming, outgoing.target);
    if (target === null) throw new EgressError('blocked', 'it redirects to what is no plain http or https URL');
    outgoing = nextRequest(outgoing, incoming.status, target);
    judge(policies, outgoing);
  }
};
