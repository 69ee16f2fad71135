// Schemas of what an operator says: options of createRuntime and the configuration file. Must never hold a default that opens something.
import { type TObject, Type } from '#typebox';
import { packageLimitTable } from '../limits/package-table.ts';
import { limitTable } from '../limits/table.ts';
import { quotaNames } from '../quotas/quota-table.ts';
import { byReference, type CapabilityCatalog, makeGrantDefinitions, makeGrantsSchema } from './catalog.ts';
import { extensionIdDescription, extensionIdPattern } from './extension-id.ts';
import { measureModes, measureNames } from './hardening.ts';
import { makeLimitsSchema } from './limits-schema.ts';
import { makeManifestSchema } from './manifest.ts';

const closed = { additionalProperties: false } as const;
const path = Type.String({ minLength: 1, maxLength: 4_096 });
const extensionId = Type.String({ pattern: extensionIdPattern, description: extensionIdDescription });
const isolation = Type.Enum(['shared', 'request']);
const mode = Type.Enum(['enforce', 'audit']);
const variableName = '^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]*$';
/** What Directus parses a variable to. */
/** SubjectPublicKeyInfo of every Ed25519 key but for its 32 bytes, in base64. */
const publicKeyPattern = '^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$';
const envValue = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Array(Type.String())]);

const extensionSchema = Type.Union([
  path,
  Type.Object(
    {
      folder: path,
      id: Type.Optional(extensionId),
      isolation: Type.Optional(isolation),
      mode: Type.Optional(mode),
      entry: Type.Optional(
        Type.Enum(['built', 'source'], { description: 'What runs: what was built (the default), or what it is built from.' }),
      ),
    },
    closed,
  ),
]);

const makeApprovalSchema = ({ contracts }: CapabilityCatalog): TObject =>
  Type.Object(
    {
      capabilities: Type.Optional(Type.Union([Type.Literal('requested'), makeGrantsSchema(contracts, byReference)])),
      limits: Type.Optional(makeLimitsSchema(limitTable)),
      isolation: Type.Optional(isolation),
      mode: Type.Optional(mode),
      candidate: Type.Optional(makeGrantsSchema(contracts, byReference)),
      express: Type.Optional(Type.Enum([4, 5])),
      manifest: Type.Optional(makeManifestSchema(contracts, byReference)),
    },
    closed,
  );

const makeApprovalsSchema = (catalog: CapabilityCatalog) =>
  Type.Union([
    Type.Literal('requested'),
    Type.Record(Type.String({ pattern: extensionIdPattern }), Type.Union([Type.Literal('requested'), makeApprovalSchema(catalog)]), {
      ...closed,
      description: `${extensionIdDescription} as key`,
    }),
  ]);

/** `false` takes a capability away for good; it is how a ceiling removes a part of the baseline. */
const makeCeilingSchema = ({ contracts }: CapabilityCatalog): TObject =>
  Type.Object(
    {
      capabilities: Type.Optional(makeGrantsSchema(contracts, byReference, (grant) => Type.Union([Type.Literal(false), grant]))),
      limits: Type.Optional(makeLimitsSchema(limitTable)),
    },
    closed,
  );

const egressSchema = Type.Object(
  {
    internalOrigins: Type.Optional(
      Type.Array(Type.String({ pattern: '^https?://[^/?#@\\s]+$', description: 'an origin such as "http://10.0.0.5:8080"' }), {
        uniqueItems: true,
        maxItems: 1_000,
      }),
    ),
    dnsServers: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { uniqueItems: true, maxItems: 16 })),
  },
  closed,
);

const ledgerTable = Type.Object(
  {
    chain: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._-]{1,63}$',
        description: "Names this host's entries in the table; without it, the machine's name does.",
      }),
    ),
  },
  closed,
);

const ledgerSchema = Type.Object(
  {
    file: Type.Optional(Type.Union([path, Type.Null()])),
    rotateMb: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 1_048_576 }), Type.Null()])),
    table: Type.Optional(Type.Union([ledgerTable, Type.Null()])),
    ringSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    onFailure: Type.Optional(Type.Enum(['refuse', 'continue'])),
    writeAhead: Type.Optional(Type.Boolean()),
  },
  closed,
);

const databaseRolesSchema = Type.Object(
  {
    secret: Type.Optional(
      Type.String({ minLength: 16, maxLength: 1_024, description: "What the roles' passwords are derived from, the same on every host." }),
    ),
    namespace: Type.Optional(Type.String({ maxLength: 128, description: 'Keeps apart several applications that use one database.' })),
    connections: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'Connections of one extension from one host.' })),
  },
  closed,
);

const measureMode = Type.Enum([...measureModes]);
const hardeningSchema = Type.Object(Object.fromEntries(measureNames.map((name) => [name, Type.Optional(measureMode)])), closed);
const userId = Type.Integer({ minimum: 1, maximum: 4_294_967_294 });

const wardsSchema = Type.Object(
  {
    max: Type.Optional(Type.Integer({ minimum: 2, maximum: 10_000 })),
    perTenant: Type.Optional(Type.Integer({ minimum: 1, maximum: 64 })),
    spareWards: Type.Optional(Type.Integer({ minimum: 0, maximum: 64 })),
    spareCells: Type.Optional(Type.Integer({ minimum: 0, maximum: 256 })),
    cellIdleMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 86_400_000 })),
    memoryMb: Type.Optional(Type.Integer({ minimum: 128, maximum: 1_048_576 })),
    bootsAtOnce: Type.Optional(Type.Integer({ minimum: 1, maximum: 256 })),
    maxAgeMs: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 2_592_000_000 })),
    maxGrowthFactor: Type.Optional(Type.Number({ minimum: 1.5, maximum: 100 })),
    execPath: Type.Optional(path),
    hardened: Type.Optional(Type.Boolean()),
    hardening: Type.Optional(Type.Union([measureMode, hardeningSchema])),
    user: Type.Optional(Type.Object({ uid: userId, gid: userId }, closed)),
  },
  closed,
);

const quotaRule = Type.Object(
  { most: Type.Integer({ minimum: 0, maximum: 2_000_000_000 }), perSeconds: Type.Integer({ minimum: 1, maximum: 31_622_400 }) },
  closed,
);
const quotaRules = Type.Object(Object.fromEntries(quotaNames.map((name) => [name, Type.Optional(quotaRule)])), closed);
const quotasSchema = Type.Object(
  {
    tenant: Type.Optional(quotaRules),
    extension: Type.Optional(quotaRules),
    store: Type.Optional(Type.Enum(['memory', 'database'])),
  },
  closed,
);

const lockSchema = Type.Union([
  path,
  Type.Null(),
  Type.Object({ file: path, everyHash: Type.Optional(Type.Boolean()) }, closed),
  Type.Object({ table: Type.Literal(true), everyHash: Type.Optional(Type.Boolean()) }, closed),
]);

const registrySchema = Type.Union([Type.Null(), Type.Object({ folder: path }, closed), Type.Object({ table: Type.Literal(true) }, closed)]);

const serverUrl = Type.String({ minLength: 1, maxLength: 2_048 });
/** What a URL has to look like is said by `parseNats`, which shows none. */
const natsSchema = Type.Object(
  {
    servers: Type.Optional(Type.Union([serverUrl, Type.Array(serverUrl, { minItems: 1, maxItems: 32 })])),
    namespace: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$', description: 'letters, digits and "-"' })),
    credentials: Type.Optional(path),
    ca: Type.Optional(path),
    certificate: Type.Optional(path),
    key: Type.Optional(path),
    replicas: Type.Optional(Type.Integer({ minimum: 1, maximum: 5 })),
  },
  closed,
);
const jobsSchema = Type.Union([Type.Literal('memory'), Type.Literal('database'), Type.Object({ nats: natsSchema }, closed)]);

/** The part of the options that is JSON. */
export const makeOptionsSchema = (catalog: CapabilityCatalog): TObject =>
  Type.Object(
    {
      extensions: Type.Optional(Type.Array(extensionSchema, { maxItems: 10_000 })),
      trustedKeys: Type.Optional(
        Type.Array(Type.String({ pattern: publicKeyPattern, description: 'a public Ed25519 key as `cloister keygen` prints it' }), {
          uniqueItems: true,
          maxItems: 1_000,
        }),
      ),
      env: Type.Optional(
        Type.Record(Type.String({ pattern: variableName }), envValue, {
          ...closed,
          description: 'a variable name of letters, digits and "_" that does not begin with a digit, as key',
        }),
      ),
      limits: Type.Optional(makeLimitsSchema(limitTable)),
      ceiling: Type.Optional(makeCeilingSchema(catalog)),
      approvals: Type.Optional(makeApprovalsSchema(catalog)),
      lock: Type.Optional(lockSchema),
      registry: Type.Optional(registrySchema),
      mode: Type.Optional(mode),
      databaseRoles: Type.Optional(databaseRolesSchema),
      egress: Type.Optional(egressSchema),
      ledger: Type.Optional(ledgerSchema),
      jobs: Type.Optional(jobsSchema),
      wards: Type.Optional(wardsSchema),
      packages: Type.Optional(makeLimitsSchema(packageLimitTable)),
      metrics: Type.Optional(Type.Boolean()),
      quotas: Type.Optional(quotasSchema),
      tenantCacheMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400_000 })),
    },
    { ...closed, ...makeGrantDefinitions(catalog.contracts) },
  );

/** The configuration file: the same, and what only a process of its own needs. */
export const makeConfigFileSchema = (catalog: CapabilityCatalog): TObject =>
  Type.Object(
    {
      ...makeOptionsSchema(catalog).properties,
      $schema: Type.Optional(Type.String()),
      server: Type.Optional(
        Type.Object(
          {
            host: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
            port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
            drainDelayMs: Type.Optional(
              Type.Integer({
                minimum: 0,
                maximum: 600_000,
                description: 'At the end it says it is not ready, and serves on, for so long.',
              }),
            ),
            drainMs: Type.Optional(
              Type.Integer({ minimum: 0, maximum: 600_000, description: 'Then what is in flight has so long to finish.' }),
            ),
          },
          closed,
        ),
      ),
      adminTokenKey: Type.Optional(
        Type.String({ pattern: variableName, description: 'the name of an environment variable that holds the operator’s token' }),
      ),
      databaseUrl: Type.Optional(Type.String({ pattern: '^postgres(ql)?://', description: 'a URL that begins with postgres://' })),
      natsUrlKey: Type.Optional(
        Type.String({ pattern: variableName, description: 'the name of an environment variable that holds the URL of NATS' }),
      ),
      databaseUrlKey: Type.Optional(
        Type.String({ pattern: variableName, description: 'the name of an environment variable that holds the URL of the database' }),
      ),
      secretKeys: Type.Optional(
        Type.Array(Type.String({ pattern: variableName, description: 'the name of an environment variable' }), {
          maxItems: 1_000,
          uniqueItems: true,
        }),
      ),
      envKeys: Type.Optional(
        Type.Array(Type.String({ pattern: variableName, description: 'the name of an environment variable' }), {
          maxItems: 1_000,
          uniqueItems: true,
        }),
      ),
    },
    { ...closed, ...makeGrantDefinitions(catalog.contracts) },
  );
