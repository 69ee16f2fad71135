// What an extension may ask of its own store, and in what form. Must never decide or do anything.
import { type Static, Type } from '#typebox';
import type { CapabilityContract } from '../../bridge/capability.ts';
import { kvBounds } from './bounds.ts';

const closed = { additionalProperties: false } as const;
const upTo = (maximum: number) => Type.Optional(Type.Integer({ minimum: 1, maximum }));

/** The numbers narrow; there is nothing else to give: a store is its extension's own. */
export const kvGrant = Type.Object(
  {
    maxKeys: upTo(kvBounds.mostKeys.value),
    maxBytes: upTo(kvBounds.mostBytes.value),
    maxValueBytes: upTo(kvBounds.mostValueBytes.value),
  },
  closed,
);
export type KvGrant = Static<typeof kvGrant>;

/** No control characters (PostgreSQL's text has no zero), and no half of a surrogate pair: two of them would be one key in UTF-8. */
const text = '[^\\p{Cc}\\p{Cs}]';
const key = Type.String({ pattern: `^${text}+$`, maxLength: kvBounds.keyChars.value });
const anyKey = Type.String({ pattern: `^${text}*$`, maxLength: kvBounds.keyChars.value });
/** 0: there is none. */
const version = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

export const getArgs = Type.Object({ key }, closed);
export const setArgs = Type.Object(
  {
    key,
    /** JSON text: its size is known before it is parsed. */
    value: Type.String({ minLength: 1, maxLength: kvBounds.mostValueBytes.value }),
    ttlMs: Type.Optional(Type.Integer({ minimum: 1, maximum: kvBounds.ttlMs.value })),
    ifVersion: Type.Optional(version),
  },
  closed,
);
export const deleteArgs = Type.Object({ key, ifVersion: Type.Optional(version) }, closed);
export const listArgs = Type.Object(
  {
    prefix: anyKey,
    /** The last key of the page before. */
    after: anyKey,
    limit: Type.Integer({ minimum: 1, maximum: kvBounds.listed.value }),
    values: Type.Boolean(),
  },
  closed,
);
export type GetArgs = Static<typeof getArgs>;
export type SetArgs = Static<typeof setArgs>;
export type DeleteArgs = Static<typeof deleteArgs>;
export type ListArgs = Static<typeof listArgs>;

export const kvContract: CapabilityContract = {
  name: 'kv',
  grant: kvGrant,
  methods: {
    get: { args: getArgs, reply: true, effect: () => false, summarize: (args) => ({ keyChars: (args as GetArgs).key.length }) },
    set: {
      args: setArgs,
      reply: true,
      effect: () => true,
      summarize(args) {
        const { key: name, value, ttlMs = null, ifVersion = null } = args as SetArgs;
        return { keyChars: name.length, valueChars: value.length, ttlMs, ifVersion };
      },
    },
    delete: {
      args: deleteArgs,
      reply: true,
      effect: () => true,
      summarize(args) {
        const { key: name, ifVersion = null } = args as DeleteArgs;
        return { keyChars: name.length, ifVersion };
      },
    },
    list: {
      args: listArgs,
      reply: true,
      effect: () => false,
      summarize(args) {
        const { prefix, limit, values } = args as ListArgs;
        return { prefixChars: prefix.length, limit, values };
      },
    },
  },
};
