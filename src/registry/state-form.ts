// The registry's state, releases and reports as JSON. Pure; must never take what only looks like them: a state that was misread would stop what serves.
import { createHash } from 'node:crypto';
import { Type } from '#typebox';
import { makeCheck } from '../config/check.ts';
import { extensionIdKey, extensionIdPattern } from '../config/extension-id.ts';
import { parseJson } from '../config/json.ts';
import { CloisterError } from '../errors.ts';
import { registryBounds } from './bounds.ts';
import type { Deployment, HostReport, RegistryState, Release } from './state.ts';

const closed = { additionalProperties: false } as const;
const digest = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'a SHA-256 in hex' });
const id = Type.String({ pattern: extensionIdPattern });
const line = Type.String({ maxLength: 2_000 });
const time = Type.String({
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?Z$',
  description: 'a time as ISO 8601 in UTC',
});
/** A package registers no more of them. */
const mounts = Type.Array(id, { maxItems: 64 });
const tenant = Type.String({ minLength: 1, maxLength: 1_024 });

const deploymentSchema = Type.Object(
  {
    extension: id,
    current: digest,
    previous: Type.Array(digest, { maxItems: registryBounds.previous.value }),
    mounts: Type.Optional(Type.Record(Type.String({ pattern: '^[0-9a-f]{64}$' }), mounts, closed)),
    canary: Type.Union([
      Type.Null(),
      Type.Object({ digest, share: Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 }), since: time }, closed),
    ]),
    enabled: Type.Boolean(),
    tenants: Type.Union([Type.Null(), Type.Array(tenant, { maxItems: registryBounds.tenants.value })]),
    changedAt: time,
    changedBy: line,
    reason: line,
  },
  closed,
);
const stateSchema = Type.Object(
  {
    cloisterRegistry: Type.Literal(1),
    revision: Type.Integer({ minimum: 0 }),
    deployments: Type.Array(deploymentSchema, { maxItems: registryBounds.deployments.value }),
  },
  closed,
);
const releaseSchema = Type.Object(
  {
    extension: id,
    version: Type.String({ maxLength: 256 }),
    digest,
    artifact: digest,
    bytes: Type.Integer({ minimum: 1 }),
    at: time,
    by: line,
    signedBy: Type.Union([Type.Null(), digest]),
    mounts: Type.Optional(mounts),
  },
  closed,
);
const said = Type.Record(Type.String({ pattern: extensionIdPattern }), line, closed);
const reportSchema = Type.Object(
  { host: Type.String({ minLength: 1, maxLength: 256 }), revision: Type.Integer({ minimum: 0 }), at: time, serving: said, failed: said },
  closed,
);

export const emptyState: RegistryState = { revision: 0, deployments: new Map() };
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface StateJson {
  readonly revision: number;
  readonly deployments: readonly Deployment[];
}

const refuse = (where: string, cause: string): CloisterError => new CloisterError('ERR_REGISTRY_INVALID', `${where}: ${cause}`, { where });

/** What formats also checks: nothing is written that nobody could read. */
export interface RegistryForm {
  parseState(text: string, where: string): RegistryState;
  formatState(state: RegistryState, where?: string): string;
  parseRelease(text: string, where: string): Release;
  formatRelease(release: Release, where: string): string;
  parseReport(text: string, where: string): HostReport;
  formatReport(report: HostReport, where: string): string;
}

export interface FormBytes {
  readonly state: number;
  /** A release, or what a host says. */
  readonly record: number;
}
const formBytes: FormBytes = { state: registryBounds.stateBytes.value, record: registryBounds.recordBytes.value };

/** Schemas are compiled when they are first met. */
export const makeRegistryForm = (most: FormBytes = formBytes): RegistryForm => {
  const checkState = makeCheck(stateSchema, 'ERR_REGISTRY_INVALID');
  const checkRelease = makeCheck(releaseSchema, 'ERR_REGISTRY_INVALID');
  const checkReport = makeCheck(reportSchema, 'ERR_REGISTRY_INVALID');
  const read = (text: string, mostBytes: number, where: string, check: typeof checkState): unknown => {
    const bytes = Buffer.byteLength(text);
    if (bytes > mostBytes)
      throw refuse(where, `has ${String(bytes)} bytes, more than ${String(mostBytes)}; name fewer tenants, or put back what was before`);
    const value = parseJson(text, where, 'ERR_REGISTRY_INVALID');
    check(value, where);
    return value;
  };
  const parseState: RegistryForm['parseState'] = (text, where) => {
    const { revision, deployments } = read(text, most.state, where, checkState) as StateJson;
    const keys = new Set(deployments.map(({ extension }) => extensionIdKey(extension)));
    if (keys.size < deployments.length) throw refuse(where, 'an extension stands there twice; put back the state that was before');
    return { revision, deployments: new Map(deployments.map((one) => [one.extension, one])) };
  };
  const parseRelease: RegistryForm['parseRelease'] = (text, where) => read(text, most.record, where, checkRelease) as Release;
  const parseReport: RegistryForm['parseReport'] = (text, where) => read(text, most.record, where, checkReport) as HostReport;
  /** Text that its own reader takes. */
  const written = (value: unknown, where: string, parse: (text: string, where: string) => unknown): string => {
    const text = `${JSON.stringify(value, null, 2)}\n`;
    parse(text, `${where}: what was to be written, and is not`);
    return text;
  };
  return {
    parseState,
    formatState: ({ revision, deployments }, where = 'registry') =>
      written({ cloisterRegistry: 1, revision, deployments: [...deployments.values()] }, where, parseState),
    parseRelease,
    formatRelease: (release, where) => written(release, where, parseRelease),
    parseReport,
    formatReport: (report, where) => written(report, where, parseReport),
  };
};

/** Digests that a deployment may go to. */
export const namedIn = ({ deployments }: RegistryState): ReadonlySet<string> =>
  new Set(
    [...deployments.values()].flatMap(({ current, previous, canary }) => [
      current,
      ...previous,
      ...(canary === null ? [] : [canary.digest]),
    ]),
  );

/** What was changed since it was put there is never given out. */
export const holdToDigest = (bytes: Uint8Array, digest: string, where: string): Uint8Array => {
  if (sha256(bytes) === digest) return bytes;
  throw new CloisterError(
    'ERR_ARCHIVE_INVALID',
    `${where}: its SHA-256 is not the one it is known by: it was changed since it was deployed; deploy it again`,
    {
      digest,
    },
  );
};

export const archiveMissing = (digest: string, where: string): CloisterError =>
  new CloisterError('ERR_DEPLOYMENT_UNKNOWN', `${where}: has no archive ${digest.slice(0, 12)}; deploy that version again`, { digest });

/** Whatever a change gives is one revision on; the same, nothing at all. */
export const nextState = (state: RegistryState, change: (state: RegistryState) => RegistryState): RegistryState => {
  const changed = change(state);
  return changed === state ? state : { revision: state.revision + 1, deployments: changed.deployments };
};
