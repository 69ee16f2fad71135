// Sends an extension's requests, as far as every grant goes. Must never show it a secret, an address or a byte over its caps.

import type { Caller, CallResult, Capability, CapabilityInstance, Policy } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import { limitTable } from '../../limits/table.ts';
import { fetchBounds } from './bounds.ts';
import { type FetchGrant, fetchContract, type RequestArgs, type TagArgs, type WriteArgs } from './contract.ts';
import { coversFetch } from './covers.ts';
import { EgressError, makeEgressError } from './egress-error.ts';
import type { Exchanger, Network, Outgoing } from './exchange.ts';
import { type Followed, follow } from './follow.ts';
import { fetchLearning } from './learn.ts';
import { type Masker, makeMasker } from './masker.ts';
import { makeFetchPolicy } from './policy.ts';
import { makeCounters, makeQuota, type Quota, type QuotaCounters } from './quota.ts';
import { fillSecrets, findUses, type Secret, type SecretUse } from './secrets.ts';
import { parseTarget } from './target.ts';
import { openTransfer, type Transfer } from './transfer.ts';
import { openUpload, type Upload } from './upload.ts';

export interface FetchResources {
  readonly network: Network;
  readonly secrets: ReadonlyMap<string, Secret>;
  /** The extension's own limit; the table's default where absent. */
  readonly resultBytes?: number;
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

const refuseBytes = (bytes: number, maxBytes: number): void => {
  if (bytes <= maxBytes) return;
  throw new CloisterError('ERR_ARGUMENT_INVALID', `fetch.request: the body is over maxRequestBytes (${String(maxBytes)})`, {
    limit: 'maxRequestBytes',
    allowed: maxBytes,
    used: bytes,
  });
};

const bodyOf = ({ body }: RequestArgs, maxBytes: number): Buffer | Upload | null => {
  if (body === undefined) return null;
  if ('stream' in body) return openUpload(body.bytes ?? null, maxBytes);
  const bytes = 'text' in body ? Buffer.from(body.text) : Buffer.from(body.base64, 'base64');
  refuseBytes(bytes.length, maxBytes);
  return bytes;
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

const send = async (parts: Parts, args: RequestArgs, body: Outgoing['body'], signal: AbortSignal): Promise<Followed> => {
  const target = parseTarget(args.url);
  if (target === null) throw new EgressError('blocked', 'the URL cannot be read');
  const first = { target, method: args.method, headers: args.headers, body };
  return await follow(first, args.redirect, parts.policies, (outgoing) =>
    parts.exchanger.exchange(
      { ...outgoing, headers: fillSecrets(outgoing.headers, outgoing.target.origin, parts.uses, parts.secrets) },
      parts.maxResponseBytes,
      signal,
    ),
  );
};

/** What all tenants of an extension share. */
interface Shared {
  readonly exchanger: Exchanger;
  readonly counters: QuotaCounters;
  readonly secrets: FetchResources['secrets'];
  /** Of all that the extension has: what one tenant may not use, it may not read in an answer either. */
  readonly masker: Masker;
  readonly resultBytes: number;
}

const makeInstance = (
  extension: string,
  grants: readonly FetchGrant[],
  waived: readonly FetchGrant[],
  shared: Shared,
): CapabilityInstance => {
  const { exchanger, counters, secrets, masker, resultBytes } = shared;
  const uses = findUses(grants, secrets);
  // In audit a grant's denials are waived, and its sizes are not.
  const sized = [...grants, ...waived];
  const parts: Parts = {
    exchanger,
    policies: grants.map(makeFetchPolicy),
    quota: makeQuota({ callsPerRequest: leastOf(sized, 'callsPerRequest'), callsPerMinute: leastOf(sized, 'callsPerMinute') }, counters),
    uses,
    secrets: [...secrets.values()],
    masker,
    maxRequestBytes: leastOf(sized, 'maxRequestBytes'),
    maxResponseBytes: leastOf(sized, 'maxResponseBytes'),
  };
  /** What is under way, by the guest's own number: it is a key within one lease only. */
  const underWay = new WeakMap<Caller, Map<number, Transfer>>();
  const request = async (caller: Caller, args: RequestArgs): Promise<CallResult> => {
    const { tag } = args;
    const tags = underWay.get(caller) ?? new Map<number, Transfer>();
    underWay.set(caller, tags);
    if (tag !== undefined && tags.has(tag)) throw new CloisterError('ERR_ARGUMENT_INVALID', 'fetch.request: another request has this tag');
    const release = parts.quota.take(caller, performance.now());
    const tell = (error: unknown): CloisterError => maskError(makeEgressError(error, parseTarget(args.url)?.origin ?? ''), parts.masker);
    let body: Buffer | Upload | null;
    try {
      body = bodyOf(args, parts.maxRequestBytes);
    } catch (error) {
      release();
      throw error;
    }
    const transfer = openTransfer({
      upload: body === null || Buffer.isBuffer(body) ? null : body,
      sentAtOnce: Buffer.isBuffer(body) ? body.length : 0,
      masker: parts.masker,
      leaseSignal: caller.signal,
      maxBytes: resultBytes,
      tell,
      onEnd: () => {
        release();
        if (tag !== undefined) tags.delete(tag);
      },
    });
    if (tag !== undefined) tags.set(tag, transfer);
    try {
      const followed = await send(parts, args, body, transfer.signal);
      // Whoever gave no number cannot ask for the rest.
      return await transfer.answer(followed, tag === undefined);
    } catch (error) {
      const told = tell(error);
      transfer.end(told.code);
      throw told;
    }
  };
  const find = (caller: Caller, tag: number): Transfer => {
    const transfer = underWay.get(caller)?.get(tag);
    if (transfer === undefined) throw new CloisterError('ERR_ARGUMENT_INVALID', 'fetch: no request of this number is under way');
    return transfer;
  };
  return {
    call(method, args, caller, _nested, bytes) {
      if (method === 'request') return request(caller, args as RequestArgs);
      const { tag } = args as TagArgs;
      if (method === 'read') return find(caller, tag).read();
      if (method === 'write') return find(caller, tag).write(bytes ?? null, (args as WriteArgs).last);
      underWay.get(caller)?.get(tag)?.end('cancelled');
      return { json: 'null' };
    },
    bootValue: () => null,
    narrowed(grant) {
      refuseSpelling(extension, grant as FetchGrant);
      return makeInstance(extension, [...grants, grant as FetchGrant], waived, shared);
    },
    close: () => exchanger.close(),
  };
};

const openInstance = async (
  extension: string,
  grants: readonly FetchGrant[],
  waived: readonly FetchGrant[],
  { network, secrets, resultBytes = limitTable.resultBytes.default }: FetchResources,
): Promise<CapabilityInstance> => {
  for (const grant of grants) refuseSpelling(extension, grant);
  const masker = makeMasker(findUses(grants, secrets));
  // Its client is heavy, and few extensions have it.
  const { openExchanger } = await import('./exchange.ts');
  return makeInstance(extension, grants, waived, {
    exchanger: openExchanger(network),
    counters: makeCounters(),
    secrets,
    masker,
    resultBytes,
  });
};

export const fetchCapability: Capability<FetchResources, FetchGrant> = {
  contract: fetchContract,
  learning: fetchLearning,
  makePolicy: makeFetchPolicy,
  covers: coversFetch,
  open: (extension, grants, resources, waived = []) => openInstance(extension.id, grants, waived, resources),
};
