// What the operator's API takes and gives, as schemas: requests are checked by them, and the OpenAPI document is made of them. Must never hold a default.
import { type TSchema, Type } from '#typebox';
import { extensionIdDescription, extensionIdPattern } from '../../config/extension-id.ts';
import { apiBounds } from './bounds.ts';

const closed = { additionalProperties: false } as const;
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'a SHA-256 in hex' });
const nullable = (schema: TSchema): TSchema => Type.Union([schema, Type.Null()]);
const line = (description: string): TSchema =>
  Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$', description });
const share = Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1, description: 'of requests, over 0 and under 1' });
const time = Type.String({ description: 'a time in ISO 8601' });

export const extensionId = Type.String({ pattern: extensionIdPattern, description: extensionIdDescription });

/** Who changes it, and why: for the deployment and the ledger. */
const signed = {
  by: Type.Optional(line('who does it')),
  reason: Type.Optional(line('why')),
};

export const deployQuery = Type.Object(
  {
    ...signed,
    share: Type.Optional(share),
    tenant: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
        minItems: 1,
        maxItems: apiBounds.tenants.value,
        uniqueItems: true,
        description: 'only these tenants have it; left out: as it was, everybody where it is new',
      }),
    ),
    everybody: Type.Optional(Type.Literal(true, { description: 'every tenant has it again' })),
  },
  closed,
);
export const changeQuery = Type.Object(signed, closed);
export const canaryQuery = Type.Object(
  { ...signed, digest: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$', description: 'only the canary with this digest' })) },
  closed,
);
export const rollbackQuery = Type.Object(
  {
    ...signed,
    digest: Type.Optional(
      Type.String({
        pattern: '^[0-9a-f]{64}$',
        description: 'the version that is to go, the canary where there is one; where another would go nothing is changed',
      }),
    ),
  },
  closed,
);
export const releasesQuery = Type.Object({ extension: Type.Optional(extensionId) }, closed);
export const noQuery = Type.Object({}, closed);

const tally = Type.Object(
  { requests: Type.Integer(), errors: Type.Integer(), limits: Type.Integer(), crashes: Type.Integer() },
  { ...closed, description: 'on this host, within the window a canary is judged by' },
);

const servedCanary = Type.Object(
  { version: Type.String(), artifact: sha256, digest: nullable(sha256), share, since: Type.String(), did: tally, besideDid: tally },
  closed,
);

const extension = Type.Object(
  {
    id: Type.String(),
    version: Type.String(),
    artifact: sha256,
    digest: nullable(sha256),
    from: Type.String({ description: 'the folder, or the archive of the registry' }),
    mounts: Type.Array(Type.String()),
    capabilities: Type.Array(Type.String()),
    tenants: nullable(Type.Array(Type.String())),
    canary: nullable(servedCanary),
  },
  closed,
);

const mounts = Type.Array(Type.String(), { description: 'what its trial saw; left out: nobody looked' });

const release = Type.Object(
  {
    extension: Type.String(),
    version: Type.String(),
    digest: sha256,
    artifact: sha256,
    bytes: Type.Integer(),
    at: time,
    by: Type.String(),
    signedBy: nullable(sha256),
    mounts: Type.Optional(mounts),
  },
  closed,
);

const deployment = Type.Object(
  {
    extension: Type.String(),
    current: sha256,
    previous: Type.Array(sha256),
    mounts: Type.Optional(Type.Record(Type.String(), mounts, { description: 'by digest' })),
    canary: nullable(Type.Object({ digest: sha256, share, since: time }, closed)),
    enabled: Type.Boolean(),
    tenants: nullable(Type.Array(Type.String())),
    changedAt: time,
    changedBy: Type.String(),
    reason: Type.String(),
  },
  closed,
);

const host = Type.Object(
  {
    host: Type.String(),
    revision: Type.Integer(),
    at: time,
    serving: Type.Record(Type.String(), sha256),
    failed: Type.Record(Type.String(), Type.String()),
  },
  closed,
);

const applied = Type.Object(
  {
    current: nullable(sha256),
    canary: nullable(sha256),
    failed: Type.Array(
      Type.Object({ digest: sha256, role: Type.Enum(['current', 'canary']), code: Type.String(), message: Type.String() }, closed),
    ),
  },
  { ...closed, description: 'what the host that answers serves of it now' },
);

const errorSchema = Type.Object({
  errors: Type.Array(
    Type.Object({ message: Type.String(), extensions: Type.Object({ code: Type.String({ description: 'docs/errors.md has each' }) }) }),
    { minItems: 1 },
  ),
});

/** By the name under which the document has it. */
export const components = {
  Extension: extension,
  Release: release,
  Deployment: deployment,
  Host: host,
  Applied: applied,
  Error: errorSchema,
} as const satisfies Readonly<Record<string, TSchema>>;

const ref = (name: keyof typeof components): TSchema => Type.Unsafe<unknown>({ $ref: `#/components/schemas/${name}` });

export const extensionsAnswer = Type.Object(
  {
    extensions: Type.Array(ref('Extension')),
    refused: Type.Array(Type.Object({ folder: Type.String(), code: Type.String(), message: Type.String() }, closed)),
  },
  closed,
);
export const releasesAnswer = Type.Object({ releases: Type.Array(ref('Release')) }, closed);
export const statusAnswer = Type.Object(
  { revision: Type.Integer(), deployments: Type.Array(ref('Deployment')), hosts: Type.Array(ref('Host')) },
  closed,
);
const changed = {
  revision: Type.Integer(),
  deployment: ref('Deployment'),
  applied: nullable(ref('Applied')),
  notApplied: nullable(
    Type.Object(
      { code: Type.String(), message: Type.String() },
      { ...closed, description: 'the change is made; why this host could not look at it yet, and it goes on trying' },
    ),
  ),
};
export const deployAnswer = Type.Object({ ...changed, release: ref('Release') }, closed);
export const changeAnswer = Type.Object(changed, closed);
