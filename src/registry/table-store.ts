// The registry in tables of the schema `cloister`, for hosts that share a PostgreSQL. Must never be reachable for an extension's role.
import type { Client } from 'pg';
import { CloisterError } from '../errors.ts';
import { registryBounds } from './bounds.ts';
import type { HostReport, RegistryState, RegistryStore, Release } from './state.ts';
import { archiveMissing, emptyState, holdToDigest, makeRegistryForm, namedIn, nextState, type RegistryForm } from './state-form.ts';
import { registryChannel, watchTable } from './table-watch.ts';
import { registryTablesSql, registryUsableSql } from './tables.ts';

/** Opens a connection that may use the schema `cloister`; who calls it ends it. */
export type Connect = () => Promise<Client>;

const where = 'table cloister.registry';
const readState = 'SELECT state FROM cloister.registry WHERE namespace = $1';
/** Of two writers that read one revision, one changes no row. */
const replaceState = `
  WITH changed AS (UPDATE cloister.registry SET revision = $3, state = $4, changed_at = now() WHERE namespace = $1 AND revision = $2 RETURNING revision)
  SELECT pg_notify('${registryChannel}', $1 || ' ' || revision) FROM changed`;
/** Where releases are and no state, it was lost: nothing begins anew there. */
const addState = `
  INSERT INTO cloister.registry (namespace, revision, state)
  SELECT $1::text, 0, $2::text WHERE NOT EXISTS (SELECT FROM cloister.releases WHERE namespace = $1::text) ON CONFLICT DO NOTHING`;
/** The state and what says that it is lost, as of one moment. */
const readLost = `
  SELECT r.state, EXISTS (SELECT FROM cloister.releases WHERE namespace = $1) AS lost
  FROM (SELECT) AS always LEFT JOIN cloister.registry r ON r.namespace = $1`;
/** Begins the registry in one statement with its first release. */
const putRelease = `
  WITH begun AS (
    INSERT INTO cloister.registry (namespace, revision, state)
    SELECT $1::text, 0, $6::text WHERE NOT EXISTS (SELECT FROM cloister.releases WHERE namespace = $1::text) ON CONFLICT DO NOTHING)
  INSERT INTO cloister.releases (namespace, digest, extension, put_at, release, archive) VALUES ($1, $2, $3, now(), $4, $5)
  ON CONFLICT (namespace, digest) DO UPDATE SET put_at = excluded.put_at, release = excluded.release, archive = excluded.archive`;
const readReleases =
  'SELECT release FROM cloister.releases WHERE namespace = $1 AND ($2::text IS NULL OR extension = $2) ORDER BY put_at DESC LIMIT $3';
const prune = `
  DELETE FROM cloister.releases WHERE namespace = $1 AND digest IN (
    SELECT digest FROM cloister.releases WHERE namespace = $1 AND digest <> ALL ($2::text[]) ORDER BY put_at DESC OFFSET $3)`;
const putReport = `
  WITH gone AS (DELETE FROM cloister.registry_hosts WHERE namespace = $1 AND said_at < now() - $4::float8 * interval '1 millisecond')
  INSERT INTO cloister.registry_hosts (namespace, host, said_at, report) VALUES ($1, $2, now(), $3)
  ON CONFLICT (namespace, host) DO UPDATE SET said_at = excluded.said_at, report = excluded.report`;
const readReports = `
  SELECT report FROM cloister.registry_hosts WHERE namespace = $1 AND said_at >= now() - $2::float8 * interval '1 millisecond'
  ORDER BY said_at DESC LIMIT $3`;

const unavailable = (error: unknown): CloisterError =>
  new CloisterError(
    'ERR_REGISTRY_UNAVAILABLE',
    `${where}: ${error instanceof Error ? error.message : String(error)}; look after the database and try again`,
    {},
    { cause: error },
  );

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === '42P01' || error.code === '3F000');

const ensureTables = async (client: Client): Promise<void> => {
  const { rows } = await client.query<{ readonly usable: boolean }>(registryUsableSql);
  if (rows[0]?.usable === true) return;
  try {
    // Several hosts may come here at once. In one text, so in one transaction.
    await client.query(
      `SELECT pg_advisory_xact_lock(hashtextextended('cloister', 0)); SELECT pg_advisory_xact_lock(hashtextextended('cloister.registry', 0));\n${registryTablesSql}`,
    );
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    const line = `${where}: cannot be made or used (${cause}); let a DBA run the SQL of docs/deployment.md`;
    throw new CloisterError('ERR_REGISTRY_UNAVAILABLE', line, {}, { cause: error });
  }
};

const silenceMsFor = (bytes: number): number =>
  registryBounds.silenceMs.value + Math.ceil((bytes / registryBounds.archiveBytesPerSecond.value) * 1_000);

/** Reading makes nothing: who only looks needs no right to make tables. `namespace` keeps apart several applications in one database. */
export const openTableStore = (connect: Connect, namespace: string, form: RegistryForm = makeRegistryForm()): RegistryStore => {
  /** `expect`: so many bytes are on their way, and may take their time. */
  const use = async <Result>(work: (client: Client, expect: (bytes: number) => void) => Promise<Result>): Promise<Result> => {
    const client = await connect().catch((error: unknown) => {
      throw unavailable(error);
    });
    const endAfter = (ms: number): NodeJS.Timeout => setTimeout(() => client.connection.stream.destroy(), ms);
    let silence = endAfter(registryBounds.silenceMs.value);
    const expect = (bytes: number): void => {
      clearTimeout(silence);
      silence = endAfter(silenceMsFor(bytes));
    };
    try {
      return await work(client, expect);
    } catch (error) {
      throw error instanceof CloisterError || isMissing(error) ? error : unavailable(error);
    } finally {
      clearTimeout(silence);
      await Promise.race([client.end().catch(() => undefined), new Promise((resolve) => client.connection.stream.once('close', resolve))]);
    }
  };
  const orNothing = async <Result>(nothing: Result, work: Parameters<typeof use<Result>>[0]): Promise<Result> => {
    try {
      return await use(work);
    } catch (error) {
      if (isMissing(error)) return nothing;
      throw error;
    }
  };
  /** Tables that somebody takes away meanwhile are made by the next who deploys. */
  const write = async <Result>(work: Parameters<typeof use<Result>>[0]): Promise<Result> => {
    try {
      return await use(work);
    } catch (error) {
      throw isMissing(error) ? unavailable(error) : error;
    }
  };

  const readOn = async (client: Client): Promise<RegistryState> => {
    const { rows } = await client.query<{ readonly state: string }>(readState, [namespace]);
    if (rows[0] !== undefined) return form.parseState(rows[0].state, where);
    const [again] = (await client.query<{ readonly state: string | null; readonly lost: boolean }>(readLost, [namespace])).rows;
    if (typeof again?.state === 'string') return form.parseState(again.state, where);
    if (again?.lost !== true) return emptyState;
    const remedy = 'put its row back from a backup, or delete those releases too to begin anew';
    throw new CloisterError(
      'ERR_REGISTRY_INVALID',
      `${where}: is gone for "${namespace}", and cloister.releases has releases of it; ${remedy}`,
    );
  };
  const readOrNothing = async (client: Client): Promise<RegistryState> => {
    try {
      return await readOn(client);
    } catch (error) {
      if (isMissing(error)) return emptyState;
      throw error;
    }
  };

  return {
    read: () => orNothing(emptyState, readOn),
    archive: async (digest) => {
      const bytes = await orNothing(null, async (client, expect) => {
        const sized = await client.query<{ readonly bytes: number }>(
          'SELECT length(archive) AS bytes FROM cloister.releases WHERE namespace = $1 AND digest = $2',
          [namespace, digest],
        );
        // Sent as hex.
        expect((sized.rows[0]?.bytes ?? 0) * 2);
        const { rows } = await client.query<{ readonly archive: Buffer }>(
          'SELECT archive FROM cloister.releases WHERE namespace = $1 AND digest = $2 AND length(archive) <= $3',
          [namespace, digest, registryBounds.archiveBytes.value],
        );
        return rows[0]?.archive ?? null;
      });
      if (bytes === null) throw archiveMissing(digest, where);
      return holdToDigest(bytes, digest, `table cloister.releases: ${digest.slice(0, 12)}`);
    },
    put: async (release, archive) => {
      holdToDigest(archive, release.digest, where);
      const said = form.formatRelease(release, where);
      await write(async (client, expect) => {
        await ensureTables(client);
        expect(archive.byteLength);
        const { digest, extension } = release;
        const empty = form.formatState(emptyState, where);
        await client.query(putRelease, [namespace, digest, extension, said, Buffer.from(archive), empty]);
      });
    },
    releases: (extension) =>
      orNothing<readonly Release[]>([], async (client) => {
        const most = registryBounds.releases.value + registryBounds.deployments.value;
        const { rows } = await client.query<{ readonly release: string }>(readReleases, [namespace, extension ?? null, most]);
        return rows.flatMap(({ release }) => {
          // What somebody else wrote there is no release; what is deployed is judged by its digest.
          try {
            return form.parseRelease(release, where);
          } catch {
            return [];
          }
        });
      }),
    update: (change) =>
      write(async (client, expect) => {
        for (let left = registryBounds.changes.value; left > 0; left -= 1) {
          const state = await readOrNothing(client);
          const next = nextState(state, change);
          if (next === state) return state;
          const text = form.formatState(next, where);
          if (state.revision === 0) {
            await ensureTables(client);
            await client.query(addState, [namespace, form.formatState(emptyState, where)]);
          }
          expect(text.length);
          const { rowCount } = await client.query(replaceState, [namespace, state.revision, next.revision, text]);
          if (rowCount !== 1) continue;
          // The change is made: who heard of a failure now would make it once more. What is left there goes with the next change.
          await client.query(prune, [namespace, [...namedIn(next)], registryBounds.releases.value]).catch(() => undefined);
          return next;
        }
        throw new CloisterError('ERR_REGISTRY_UNAVAILABLE', `${where}: others changed it each time this change was tried; try again`);
      }),
    watch: (hear) => watchTable(connect, namespace, hear),
    report: async (report) => {
      const said = form.formatReport(report, where);
      // A host makes no registry: not before the first deploy, and not where its tables are being put back.
      await orNothing(undefined, async (client) => {
        await client.query(putReport, [namespace, report.host, said, registryBounds.hostsMs.value]);
      });
    },
    hosts: () =>
      orNothing<readonly HostReport[]>([], async (client) => {
        const { rows } = await client.query<{ readonly report: string }>(readReports, [
          namespace,
          registryBounds.hostsMs.value,
          registryBounds.hosts.value,
        ]);
        return rows
          .flatMap(({ report }) => {
            try {
              return form.parseReport(report, 'table cloister.registry_hosts');
            } catch {
              return [];
            }
          })
          .toSorted((one, other) => (one.host < other.host ? -1 : 1));
      }),
    close: () => Promise.resolve(),
  };
};
