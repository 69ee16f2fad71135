// The registry without a host: for the command line, and for programs that deploy. Must never serve a request, nor run a schedule.
import type { CapabilityContract } from './bridge/capability.ts';
import { openDatabaseResource } from './capabilities/database/resource.ts';
import { makeBaseline, makeRegistry } from './capabilities/registry.ts';
import { extensionIdKey } from './config/extension-id.ts';
import { parseOptions } from './config/options.ts';
import type { RuntimeOptions } from './config/runtime-options.ts';
import { databaseOptionsOf } from './database.ts';
import { wantedDigestOf } from './deploying.ts';
import { CloisterError } from './errors.ts';
import { desiredOf } from './installation/desired.ts';
import type { CloisterOptions } from './options.ts';
import { readArchived, readPackageHeads } from './packages/read-packages.ts';
import type { FailedVersion } from './registry/follower.ts';
import { openRegistryStore } from './registry/open-store.ts';
import { makeRegistryCalls, type Registry, type TriedRelease } from './registry/registry.ts';
import type { RegistryStore } from './registry/state.ts';

export interface OpenedRegistry extends Registry {
  close(): Promise<void>;
}

/** Beside nothing, neither its canary nor its role in the database could be judged. */
const refuseBeside = (id: string, { digest, error }: FailedVersion): CloisterError =>
  new CloisterError(
    error.code,
    `extension ${id}: the version that serves (${digest.slice(0, 12)}) does not come up here, so nothing can be tried beside it: ${error.message}; ` +
      `give this command the hosts' configuration and environment, deploy over a host (--host URL), or \`cloister disable ${id}\` first where it comes up nowhere`,
    { extension: id },
    { cause: error },
  );

/** A host of its own for one try, with the same options: what serves is brought up first, so that what is tried stands beside it. */
const tryAlone = async (
  given: CloisterOptions,
  store: RegistryStore,
  id: string,
  archive: Uint8Array,
  asCanary: boolean,
): Promise<TriedRelease> => {
  const { extensions: _, registry: __, ...rest } = given;
  // Only here: what else a registry does needs no host, which is half of what a command would load.
  const [{ pino }, { createRuntime }] = await Promise.all([import('pino'), import('./runtime.ts')]);
  // Standard output is for what was asked for.
  const logger = rest.logger ?? pino({ name: 'cloister', level: 'warn' }, pino.destination({ dest: 2, sync: true }));
  const runtime = await createRuntime(
    {
      ...rest,
      logger,
      ledger: {},
      onLedgerEntries: null,
      metrics: false,
      adminToken: null,
      wards: { ...rest.wards, spareWards: 0, spareCells: 0 },
    },
    { isTrial: true, wantedDigest: (extension) => wantedDigestOf(store, extension) },
  );
  try {
    const wanted = desiredOf(await store.read(), store).filter(({ extension, enabled }) => enabled && extension === id);
    for (const { failed } of await runtime.apply(wanted.map((one) => ({ ...one, canary: null })))) {
      const [first] = failed;
      if (first !== undefined) throw refuseBeside(id, first);
    }
    return await runtime.tryOut(archive, asCanary);
  } finally {
    await runtime.close({ drainMs: 0 });
  }
};

/** An id that a folder of the options has is not deployed: no host would take it. */
const refuseFolderOf = async (id: string, options: RuntimeOptions, contracts: readonly CapabilityContract[]): Promise<void> => {
  const { packages } = await readPackageHeads(options.extensions, contracts, options.packages, options.trustedKeys);
  const twin = packages.find(({ fallbackId }) => extensionIdKey(fallbackId) === extensionIdKey(id));
  if (twin === undefined) return;
  const line = `extension ${id}: ${twin.folder} of the option extensions has this id; take it out there, or deploy under another name`;
  throw new CloisterError('ERR_EXTENSION_CONFLICT', line, { extension: id });
};

/** With the option `registry`; the database is opened for tables alone. */
export const openRegistry = async (given: CloisterOptions): Promise<OpenedRegistry> => {
  const contracts = makeRegistry().map(({ capability }) => capability.contract);
  const options = parseOptions(given, { contracts, baseline: makeBaseline() });
  const { registry: settings, packages: limits, trustedKeys } = options;
  if (settings === null)
    throw new CloisterError('ERR_OPTIONS_INVALID', 'registry: there is none; give { "folder": … } or { "table": true } in the options');
  const database =
    settings.folder === null && options.database !== null
      ? await openDatabaseResource(options.database, databaseOptionsOf(options))
      : undefined;
  const store = openRegistryStore(settings, database);
  const calls = makeRegistryCalls({
    store,
    limits,
    contracts,
    catchUp: null,
    async tryOut(archive, asCanary) {
      const { fallbackId: id } = await readArchived({ where: 'the archive', bytes: archive }, contracts, limits, { trustedKeys });
      await refuseFolderOf(id, options, contracts);
      return await tryAlone(given, store, id, archive, asCanary);
    },
  });
  return {
    ...calls,
    async close() {
      await store.close();
      await database?.close();
    },
  };
};
