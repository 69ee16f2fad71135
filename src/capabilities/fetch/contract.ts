// What an extension may ask of the network, and in what form. Must never decide or do anything.
import { type Static, Type } from '#typebox';
import type { CapabilityContract } from '../../bridge/capability.ts';
import { fetchBounds } from './bounds.ts';
import { summarizeTarget } from './target.ts';

const closed = { additionalProperties: false } as const;

/** As `URL.origin` gives it. A wildcard would hand out every name below it, and a name is a channel of its own. */
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
export const originPattern = `^https?://(?:(?:${label}\\.)*${label}|\\[[0-9a-f:.]+\\])(?::[1-9][0-9]{0,4})?$`;
const headerName = "^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$";

export const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const method = Type.Enum([...methods]);
const origin = Type.String({ pattern: originPattern, maxLength: 300, description: 'an origin such as "https://api.example.com"' });

export const originRule = Type.Object(
  {
    methods: Type.Optional(Type.Array(method, { uniqueItems: true, maxItems: methods.length, description: 'All of them where absent.' })),
    paths: Type.Optional(
      Type.Array(Type.String({ pattern: '^/[^?#%\\s\\\\]*$', maxLength: 1_024 }), {
        uniqueItems: true,
        maxItems: 64,
        description: 'Whole segments that a path must begin with; any path where absent.',
      }),
    ),
    headers: Type.Optional(
      Type.Union([Type.Literal(true), Type.Array(Type.String({ pattern: headerName }), { uniqueItems: true, maxItems: 64 })], {
        description: 'Request headers beyond the plain ones, in lower case; true: any but those of the transport.',
      }),
    ),
  },
  closed,
);
export type OriginRule = Static<typeof originRule>;

export const secretUse = Type.Object({ origin, header: Type.String({ pattern: headerName }) }, closed);

export const fetchGrant = Type.Object(
  {
    origins: Type.Record(Type.String({ pattern: originPattern }), Type.Union([Type.Literal(true), originRule]), {
      ...closed,
      maxProperties: fetchBounds.origins.value,
      description: 'Where to, scheme, host and port exactly; an empty object denies all.',
    }),
    maxRequestBytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_737_418_240 })),
    maxResponseBytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_737_418_240 })),
    callsPerRequest: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    callsPerMinute: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    secrets: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Z][A-Z0-9_]{0,63}$' }), secretUse, {
        ...closed,
        maxProperties: fetchBounds.secrets.value,
        description: 'Secrets of the host that it puts in for their placeholder, in this header to this origin alone.',
      }),
    ),
  },
  closed,
);
export type FetchGrant = Static<typeof fetchGrant>;

const header = Type.Tuple([
  Type.String({ pattern: headerName }),
  Type.String({ maxLength: fetchBounds.headerChars.value, pattern: '^[\\t\\x20-\\x7e\\x80-\\xff]*$' }),
]);

/** A body is text, bytes or what comes after; one of them. */
export const body = Type.Union([
  Type.Object({ text: Type.String() }, closed),
  Type.Object({ base64: Type.String() }, closed),
  Type.Object(
    { stream: Type.Literal(true), bytes: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })) },
    { ...closed, description: 'It comes by `write`; `bytes`: as long as the guest says it is.' },
  ),
]);

export const requestArgs = Type.Object(
  {
    url: Type.String({ minLength: 1, maxLength: fetchBounds.urlChars.value }),
    method,
    headers: Type.Array(header, { maxItems: fetchBounds.headers.value }),
    body: Type.Optional(body),
    redirect: Type.Enum(['follow', 'error', 'manual']),
    tag: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 0x7fffffff, description: "The guest's own number for it, by which it is given up." }),
    ),
  },
  closed,
);
export type RequestArgs = Static<typeof requestArgs>;

const tag = Type.Integer({ minimum: 1, maximum: 0x7fffffff });
/** The request they go on with. */
export const tagArgs = Type.Object({ tag }, closed);
export type TagArgs = Static<typeof tagArgs>;
export const writeArgs = Type.Object({ tag, last: Type.Boolean() }, closed);
export type WriteArgs = Static<typeof writeArgs>;

/** The answer as it crosses: a body that came at once and is text comes as text. Bytes come beside it, and `stream` says whether there are more. */
export interface FetchResult {
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  readonly redirected: boolean;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: { readonly text: string } | { readonly base64: string } | { readonly stream: boolean } | null;
}

const summarize = (args: unknown): Readonly<Record<string, unknown>> => ({ tag: (args as TagArgs).tag });

/** 0 where it is not known yet: the end of the call says how much it was. */
const lengthOf = (sent: RequestArgs['body']): number => {
  if (sent === undefined) return 0;
  if ('stream' in sent) return sent.bytes ?? 0;
  return 'text' in sent ? sent.text.length : Math.floor((sent.base64.length * 3) / 4);
};

export const fetchContract: CapabilityContract = {
  name: 'fetch',
  grant: fetchGrant,
  methods: {
    request: {
      args: requestArgs,
      reply: true,
      // RFC 9110, 9.2.1: these two ask for nothing but an answer.
      effect: (args) => !['GET', 'HEAD'].includes((args as RequestArgs).method),
      summarize(args) {
        const { url, method: verb, headers, body: sent } = args as RequestArgs;
        return { ...summarizeTarget(url), method: verb, headers: headers.map(([name]) => name), bodyBytes: lengthOf(sent) };
      },
    },
    read: { args: tagArgs, reply: true, step: true, effect: () => false, summarize },
    write: { args: writeArgs, reply: true, step: true, bytes: true, effect: () => false, summarize },
    cancel: { args: tagArgs, reply: true, step: true, effect: () => false, summarize },
  },
};
