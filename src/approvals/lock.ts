// The lock: which artifact of which extension was approved, with what, by whom and when. Must never hold an approval that the file does not spell out.
import { createHash } from 'node:crypto';
import { type Static, type TObject, Type } from '#typebox';
import { byReference, type CapabilityCatalog, makeGrantDefinitions, makeGrantsSchema } from '../config/catalog.ts';
import { makeCheck } from '../config/check.ts';
import { extensionIdKey, extensionIdPattern } from '../config/extension-id.ts';
import { freezeDeep } from '../config/freeze.ts';
import { parseJson } from '../config/json.ts';
import { makeLimitsSchema } from '../config/limits-schema.ts';
import { type ExpressMajor, type Manifest, makeManifestSchema } from '../config/manifest.ts';
import type { Approval } from '../config/runtime-options.ts';
import { CloisterError } from '../errors.ts';
import { limitTable } from '../limits/table.ts';
import type { LoadedPackage } from '../packages/loaded-package.ts';
import type { PackageKind } from '../packages/package-json.ts';
import { stableText } from './stable-text.ts';

/** What was approved, as in an approval of the configuration, but spelled out. */
export type Approved = Omit<Approval, 'capabilities' | 'manifest'> & { readonly capabilities: Readonly<Record<string, unknown>> };

export interface LockEntry {
  readonly version: string;
  /** SHA-256 of the script that may run. */
  readonly artifact: string;
  readonly kind: PackageKind;
  /** What the kind of package means when nobody says otherwise. */
  readonly express: ExpressMajor;
  /** The manifest that this artifact came with; null: it had none. */
  readonly asked: Manifest | null;
  /** SHA-256 over the five above: what a package says of itself is not edited by hand. */
  readonly digest: string;
  readonly approved: Approved;
  readonly by: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

export type Lock = ReadonlyMap<string, LockEntry>;

const closed = { additionalProperties: false } as const;
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'a SHA-256 in hex' });
/** Who approved: one line of text. */
export const byPattern = '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]{1,200}$';

const makeApprovedSchema = ({ contracts }: CapabilityCatalog): TObject =>
  Type.Object(
    {
      capabilities: makeGrantsSchema(contracts, byReference),
      limits: Type.Optional(makeLimitsSchema(limitTable)),
      isolation: Type.Optional(Type.Enum(['shared', 'request'])),
      mode: Type.Optional(Type.Enum(['enforce', 'audit'])),
      candidate: Type.Optional(makeGrantsSchema(contracts, byReference)),
      express: Type.Optional(Type.Enum([4, 5])),
    },
    closed,
  );

/** What `approve` may be given: the same, where what is left out is what was asked. */
export const makeApprovedWishSchema = (catalog: CapabilityCatalog): TObject => {
  const { properties } = makeApprovedSchema(catalog);
  return Type.Object(
    { ...properties, capabilities: Type.Optional(makeGrantsSchema(catalog.contracts, byReference)) },
    { ...closed, ...makeGrantDefinitions(catalog.contracts) },
  );
};

const makeLockSchema = (catalog: CapabilityCatalog) =>
  Type.Object(
    {
      lockVersion: Type.Literal(1),
      extensions: Type.Record(
        Type.String({ pattern: extensionIdPattern }),
        Type.Object(
          {
            version: Type.String({ minLength: 1, maxLength: 256 }),
            artifact: sha256,
            kind: Type.Enum(['endpoint', 'hook', 'bundle', 'bare']),
            express: Type.Enum([4, 5]),
            asked: Type.Union([Type.Null(), makeManifestSchema(catalog.contracts, byReference)]),
            digest: sha256,
            approved: makeApprovedSchema(catalog),
            by: Type.String({ pattern: byPattern }),
            at: Type.String({
              pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d{1,3})?Z$',
              description: 'a time as 2026-01-31T12:00:00Z',
            }),
          },
          closed,
        ),
        closed,
      ),
    },
    { ...closed, ...makeGrantDefinitions(catalog.contracts) },
  );

/** What of an entry the package says of itself. */
export type SelfDescription = Pick<LockEntry, 'version' | 'artifact' | 'kind' | 'express' | 'asked'>;

export const selfOf = ({ version, artifact, kind, express, manifest }: LoadedPackage): SelfDescription => ({
  version,
  artifact,
  kind,
  express,
  asked: manifest,
});

export const digestOf = ({ version, artifact, kind, express, asked }: SelfDescription): string =>
  createHash('sha256').update(stableText({ version, artifact, kind, express, asked })).digest('hex');

const refuse = (where: string, pointer: string, cause: string): never => {
  throw new CloisterError('ERR_LOCK_INVALID', `${where}#${pointer}: ${cause}`, { where, pointer });
};

const checkEntry = (where: string, id: string, entry: LockEntry, { baseline }: CapabilityCatalog): void => {
  const pointer = `/extensions/${id}`;
  if (digestOf(entry) !== entry.digest)
    refuse(
      where,
      pointer,
      `what its package says of itself was edited by hand; look at it with \`cloister diff ${id}\` and approve it again`,
    );
  if (entry.asked === null) return;
  const asked = entry.asked.capabilities ?? {};
  for (const name of Object.keys(entry.approved.capabilities)) {
    if (Object.hasOwn(asked, name) || baseline.has(name)) continue;
    refuse(where, `${pointer}/approved/capabilities/${name}`, 'approved, but the package does not ask for it; take it out');
  }
};

export interface LockForm {
  /** Throws ERR_LOCK_INVALID for what does not fit or contradicts itself. */
  parse(text: string, where: string): Lock;
  parseEntry(id: string, value: unknown, where: string): LockEntry;
}

/** Compiles the schema once. */
export const makeLockForm = (catalog: CapabilityCatalog): LockForm => {
  const schema = makeLockSchema(catalog);
  const check = makeCheck(schema, 'ERR_LOCK_INVALID');
  const read = (value: unknown, where: string): Lock => {
    check(value, where);
    const { extensions } = value as Static<typeof schema> as unknown as { readonly extensions: Readonly<Record<string, LockEntry>> };
    const lock = new Map<string, LockEntry>();
    const seen = new Set<string>();
    for (const [id, entry] of Object.entries(extensions)) {
      if (seen.has(extensionIdKey(id))) refuse(where, '/extensions', `two ids are the same as "${id}" (case is ignored); keep one`);
      seen.add(extensionIdKey(id));
      checkEntry(where, id, entry, catalog);
      lock.set(id, freezeDeep(structuredClone(entry)));
    }
    return lock;
  };
  return {
    parse: (text, where) => read(parseJson(text, where, 'ERR_LOCK_INVALID'), where),
    parseEntry(id, value, where) {
      const entry = read({ lockVersion: 1, extensions: { [id]: value } }, where).get(id);
      return entry ?? refuse(where, `/extensions/${id}`, 'is not there');
    },
  };
};

const keyOrder: readonly (keyof LockEntry)[] = ['version', 'artifact', 'kind', 'express', 'asked', 'digest', 'approved', 'by', 'at'];

/** The same lock always gives the same text: ids and grants in order, so that a merge shows what changed. */
export const formatLock = (lock: Lock): string => {
  const ids = [...lock.keys()].sort();
  const extensions = ids.map((id) => {
    const entry = lock.get(id);
    const ordered = Object.fromEntries(keyOrder.map((key) => [key, JSON.parse(stableText(entry?.[key]))]));
    return [id, ordered] as const;
  });
  return `${JSON.stringify({ lockVersion: 1, extensions: Object.fromEntries(extensions) }, null, 2)}\n`;
};
