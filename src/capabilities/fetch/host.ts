// Sends an extension's requests, as far as every grant goes. Must never show it a secret, an address or a byte over its caps.

import { isUtf8 } from 'node:buffer';
import type { Caller, CallResult, Capability, CapabilityInstance, Policy } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import { fetchBounds } from './bounds.ts';
import { type CancelArgs, type FetchGrant, type FetchResult, fetchContract, type RequestArgs } from './contract.ts';
import { coversFetch } from './covers.ts';
import { EgressError, makeEgressError } from './egress-error.ts';
import { type Exchanger, type Network, openExchanger } from './exchange.ts';
import { type Followed, follow } from './follow.ts';
import { fetchLearning } from './learn.ts';
import { type Masker, makeMasker } from './masker.ts';
import { makeFetchPolicy } from './policy.ts';
import { makeQuota, type Quota } from './quota.ts';
import { fillSecrets, findUses, type Secret, type SecretUse } from './secrets.ts';
import { parseTarget } from './target.ts';

export interface FetchResources {
  readonly network: Network;
  readonly secrets: ReadonlyMap<string, Secret>;
}

type Size = 'maxRequestBytes' | 'maxResponseBytes' | 'callsPerRequest' | 'callsPerMinute';
const sizes: Readonly<Record<Size, number>> = {
  maxRequestBytes: fetchBounds.requestBytes.value,
  maxResponseBytes: fetchBounds.responseBytes.value,
  callsPerRequest: fetchBounds.callsPerRequest.value,
  callsPerMinute: fetchBounds.callsPerMinute.value,
};

/** The least that any grant says; what none says, the default. */
const leastOf = (grants: readonly FetchGrant[], size: Size): number => {
  const said = grants.flatMap((grant) => grant[size] ?? []);
  return said.length === 0 ? sizes[size] : Math.min(...said);
};

const refuseSpelling = (extension: string, grant: FetchGrant): void => {
  const named = [...Object.keys(grant.origins), ...Object.values(grant.secrets ?? {}).map(({ origin }) => origin)];
  for (const origin of named) {
    const target = parseTarget(origin);
    if (target?.origin === origin) continue;
    const remedy = target === null ? 'name a real one' : `write ${target.origin}`;
    throw new CloisterError('ERR_OPTIONS_INVALID', `extension ${extension}: fetch: ${origin} is not how the origin is spelled; ${remedy}`, {
      extension,
    });
  }
};

const bodyOf = ({ body }: RequestArgs, maxBytes: number): Buffer | null => {
  if (body === undefined) return null;
  const bytes = 'text' in body ? Buffer.from(body.text) : Buffer.from(body.base64, 'base64');
  if (bytes.length <= maxBytes) return bytes;
  throw new CloisterError('ERR_ARGUMENT_INVALID', `fetch.request: the body is over maxRequestBytes (${String(maxBytes)})`, {
    limit: 'maxRequestBytes',
    allowed: maxBytes,
    used: bytes.length,
  });
};

const resultOf = ({ url, status, statusText, redirected, headers, body }: Followed, masker: Masker): CallResult => {
  const bytes = masker.bytes(body);
  const result: FetchResult = {
    url: masker.text(url),
    status,
    statusText: masker.text(statusText),
    redirected,
    headers: headers.map(([name, value]) => [masker.text(name), masker.text(value)]),
    body: bytes.length === 0 ? null : isUtf8(bytes) ? { text: bytes.toString('utf8') } : { base64: bytes.toString('base64') },
  };
  return { json: JSON.stringify(result) };
};

/** A server may have put a secret into where it redirects to, and the error says where that was. */
const maskError = ({ code, message, details }: CloisterError, masker: Masker): CloisterError =>
  new CloisterError(
    code,
    masker.text(message),
    Object.fromEntries(Object.entries(details).map(([key, value]) => [key, typeof value === 'string' ? masker.text(value) : value])),
  );

interface Parts {
  readonly exchanger: Exchanger;
  readonly policies: readonly Policy[];
  readonly quota: Quota;
  readonly uses: readonly SecretUse[];
  readonly secrets: readonly Secret[];
  readonly masker: Masker;
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
}

const send = async (parts: Parts, args: RequestArgs, signal: AbortSignal): Promise<CallResult> => {
  const target = parseTarget(args.url);
  if (target === null) throw new EgressError('blocked', 'the URL cannot be read');
  const first = { target, method: args.method, headers: args.headers, body: bodyOf(args, parts.maxRequestBytes) };
  const answer = await follow(first, args.redirect, parts.policies, (outgoing) =>
    parts.exchanger.exchange(
      { ...outgoing, headers: fillSecrets(outgoing.headers, outgoing.target.origin, parts.uses, parts.secrets) },
      parts.maxResponseBytes,
      signal,
    ),
  );
  return resultOf(answer, parts.masker);
};

const openInstance = (
  extension: string,
  grants: readonly FetchGrant[],
  waived: readonly FetchGrant[],
  { network, secrets }: FetchResources,
): CapabilityInstance => {
  for (const grant of grants) refuseSpelling(extension, grant);
  const uses = findUses(grants, secrets);
  // In audit a grant's denials are waived, and its sizes are not.
  const sized = [...grants, ...waived];
  const exchanger = openExchanger(network);
  const parts: Parts = {
    exchanger,
    policies: grants.map(makeFetchPolicy),
    quota: makeQuota({ callsPerRequest: leastOf(sized, 'callsPerRequest'), callsPerMinute: leastOf(sized, 'callsPerMinute') }),
    uses,
    secrets: [...secrets.values()],
    masker: makeMasker(uses),
    maxRequestBytes: leastOf(sized, 'maxRequestBytes'),
    maxResponseBytes: leastOf(sized, 'maxResponseBytes'),
  };
  /** What is under way, by the guest's own number: it is a key within one lease only. */
  const underWay = new WeakMap<Caller, Map<number, AbortController>>();
  const request = async (caller: Caller, args: RequestArgs): Promise<CallResult> => {
    const release = parts.quota.take(caller, performance.now());
    const ending = new AbortController();
    const tags = underWay.get(caller) ?? new Map<number, AbortController>();
    underWay.set(caller, tags);
    if (args.tag !== undefined) tags.set(args.tag, ending);
    try {
      return await send(parts, args, AbortSignal.any([caller.signal, ending.signal]));
    } catch (error) {
      throw maskError(makeEgressError(error, parseTarget(args.url)?.origin ?? ''), parts.masker);
    } finally {
      if (args.tag !== undefined) tags.delete(args.tag);
      release();
    }
  };
  return {
    call(method, args, caller) {
      if (method === 'request') return request(caller, args as RequestArgs);
      underWay
        .get(caller)
        ?.get((args as CancelArgs).tag)
        ?.abort();
      return { json: 'null' };
    },
    bootValue: () => null,
    close: () => exchanger.close(),
  };
};

export const fetchCapability: Capability<FetchResources, FetchGrant> = {
  contract: fetchContract,
  learning: fetchLearning,
  makePolicy: makeFetchPolicy,
  covers: coversFetch,
  open: (extension, grants, resources, waived = []) =>
    new Promise((resolve) => resolve(openInstance(extension.id, grants, waived, resources))),
};
