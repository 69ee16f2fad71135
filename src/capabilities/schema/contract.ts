// What an extension may be told of the shape of its data. Must never widen the database grant: it can only be told less.
import { type Static, Type } from '#typebox';
import type { CapabilityContract } from '../../bridge/capability.ts';
import { schemaBounds } from './bounds.ts';

export const schemaGrant = Type.Object(
  {
    collections: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 127 }), {
        uniqueItems: true,
        maxItems: schemaBounds.collections.value,
        description: 'Only these, of those the database grant covers; all of them where absent.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type SchemaGrant = Static<typeof schemaGrant>;

export const schemaContract: CapabilityContract = {
  name: 'schema',
  grant: schemaGrant,
  methods: {
    read: { args: Type.Object({}, { additionalProperties: false }), reply: true, effect: () => false, summarize: () => ({}) },
  },
};

/** As `@directus/types` has them. */
export interface FieldOverview {
  readonly field: string;
  readonly defaultValue: unknown;
  readonly nullable: boolean;
  readonly generated: boolean;
  readonly type: string;
  readonly dbType: string | null;
  readonly precision: number | null;
  readonly scale: number | null;
  readonly special: readonly string[];
  readonly note: string | null;
  readonly validation: null;
  readonly alias: boolean;
  readonly searchable: boolean;
}

export interface CollectionOverview {
  readonly collection: string;
  readonly primary: string;
  readonly singleton: boolean;
  readonly sortField: string | null;
  readonly note: string | null;
  readonly accountability: 'all' | 'activity' | null;
  readonly fields: Readonly<Record<string, FieldOverview>>;
}

export interface RelationOverview {
  readonly collection: string;
  readonly field: string;
  readonly related_collection: string;
  readonly schema: Readonly<Record<string, string | null>>;
  readonly meta: Readonly<Record<string, unknown>>;
}

export interface SchemaOverview {
  readonly collections: Readonly<Record<string, CollectionOverview>>;
  readonly relations: readonly RelationOverview[];
}
