// What an extension may ask of the host's services: the grant, the two methods that carry every call, and what a cell is told. Must never know a concrete service.
import { type Static, Type } from '#typebox';
import type { CapabilityContract } from '../../bridge/capability.ts';
import { servicesBounds } from './bounds.ts';
import { summarizeCall } from './summary.ts';

const { nameChars, collectionChars } = servicesBounds;
const closed = { additionalProperties: false } as const;

/** What a service and its methods may be called. Nothing that every object has, and no name that a promise is known by, gets through. */
const reserved = 'constructor|then|toJSON|toString|toLocaleString|valueOf|hasOwnProperty|isPrototypeOf|propertyIsEnumerable';
export const namePattern = `^(?!(?:${reserved})$)[A-Za-z][A-Za-z0-9_]{0,${nameChars.value - 1}}$`;

/** As the database grant writes its tables; other hosts' collections fit too. */
const collectionPattern = '^[^\\u0000-\\u001f]+$';

const grantedName = Type.String({ pattern: namePattern });
const collectionName = Type.String({ minLength: 1, maxLength: collectionChars.value, pattern: collectionPattern });

export const serviceGrant = Type.Object(
  {
    methods: Type.Union([
      Type.Literal(true, { description: 'Every method the host offers of it.' }),
      Type.Array(grantedName, { uniqueItems: true, maxItems: servicesBounds.methods.value }),
    ]),
    collections: Type.Optional(
      Type.Array(collectionName, {
        uniqueItems: true,
        maxItems: servicesBounds.collections.value,
        description: 'The collections it may be made for, where it is about collections. Absent: none.',
      }),
    ),
  },
  closed,
);
export type ServiceGrant = Static<typeof serviceGrant>;

export const servicesGrant = Type.Record(Type.String({ pattern: namePattern }), serviceGrant, {
  ...closed,
  maxProperties: servicesBounds.services.value,
  description: 'Service → what may be done with it. An empty object denies all.',
});
export type ServicesGrant = Static<typeof servicesGrant>;

/** Rights that a guest may give up for one call. It can take none. */
export const loweredRights = ['admin', 'app'] as const;

/** Names come from the guest and are only ever looked up. What `args` may hold, the service says. */
export const callArgs = Type.Object(
  {
    service: Type.String({ minLength: 1, maxLength: nameChars.value }),
    method: Type.String({ minLength: 1, maxLength: nameChars.value }),
    collection: Type.Optional(Type.String({ maxLength: collectionChars.value })),
    args: Type.Array(Type.Unknown(), { maxItems: servicesBounds.args.value }),
    transaction: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    lower: Type.Optional(Type.Array(Type.Enum([...loweredRights]), { uniqueItems: true })),
    emitEvents: Type.Optional(Type.Literal(false)),
  },
  closed,
);
export type CallArgs = Static<typeof callArgs>;

/** What the guest side is told when a cell boots: of each granted service, whether it is about collections, and its methods with whether they leave something behind. */
export type ServicesBoot = Readonly<Record<string, { readonly collection: boolean; readonly methods: Readonly<Record<string, boolean>> }>>;

export const servicesContract: CapabilityContract = {
  name: 'services',
  grant: servicesGrant,
  methods: {
    /** For methods that leave nothing behind: the host refuses it for any other. */
    read: { args: callArgs, reply: true, effect: () => false, summarize: summarizeCall },
    call: { args: callArgs, reply: true, effect: () => true, summarize: summarizeCall },
    /** The collections whose items the grants let be read. */
    describe: { args: Type.Object({}, closed), reply: true, effect: () => false, summarize: () => ({}) },
  },
};
