// The composition root: the only file that knows everybody. Must hold no logic of its own.
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { openLock } from './approvals/open-lock.ts';
import { makeBridge } from './bridge/bridge.ts';
import { openDatabaseResource } from './capabilities/database/resource.ts';
import { makeFetchResources, withPlaceholders } from './capabilities/fetch/resource.ts';
import { makeSafeText } from './capabilities/log/safe-text.ts';
import { makeBaseline, makeRegistry } from './capabilities/registry.ts';
import { makeOffered } from './capabilities/services/host.ts';
import { makeGrantCheck } from './config/check-grant.ts';
import { parseOptions } from './config/options.ts';
import { databaseOptionsOf } from './database.ts';
import { type Deploying, openDeploying } from './deploying.ts';
import { makeCallRoad } from './dispatch/call-road.ts';
import { Dispatcher } from './dispatch/dispatcher.ts';
import { makeInspection } from './dispatch/inspection.ts';
import { openTenancy } from './dispatch/tenant-views.ts';
import { CloisterError } from './errors.ts';
import { makeEmbedderEvents } from './events/embedder-events.ts';
import { makeHostEvents } from './events/host-events.ts';
import { openTurns, type Turns } from './events/open-turns.ts';
import { withOwnListeners } from './events/own-listeners.ts';
import { defaultTenant, makeHandler } from './http/handler.ts';
import { CanaryWatch } from './installation/canary/canary-watch.ts';
import { Installation } from './installation.ts';
import { checkJobs } from './jobs/open-jobs.ts';
import type { LifeEvent } from './ledger/entry.ts';
import { type LifeSubject, openLifeLog } from './ledger/life-log.ts';
import { makeOperator } from './operator.ts';
import type { CloisterOptions } from './options.ts';
import { quotaRefusal } from './quotas/quota-error.ts';
import { openRecords } from './records.ts';
import type { Development, Runtime } from './runtime-api.ts';
import { makeTracing } from './telemetry/tracing.ts';
import { openTenantList } from './tenants/tenant-list.ts';
import { makeVitals } from './vitals.ts';
import { findArtefacts } from './wards/artefacts.ts';
import { flagsOf } from './wards/flags.ts';
import { sayHardening } from './wards/hardening/measures.ts';
import { openHardening } from './wards/hardening/open-hardening.ts';
import { Images } from './wards/image.ts';
import { WardPool } from './wards/ward-pool.ts';

export type { Development, Runtime };

const defaultDrainMs = 5_000;
const cellsPerWard = 64;
const wardBootMs = 15_000;
/** A frame may be a little larger than what it carries: JSON escapes and framing. */
const frameSlack = 64 * 1024;
const breaker = { strikes: 8, windowMs: 30_000, parkMs: 1_000, maxParkMs: 300_000 };
/** Scripts of HTML answers do not run: they would run on the host's origin. */
const htmlPolicy =
  "sandbox allow-forms allow-popups; default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; form-action 'self'";

const megabyte = 1024 * 1024;
/** Reads the extensions, boots wards, registers everything. Throws ERR_OPTIONS_INVALID for options that do not hold; an extension that cannot be served is in `refused()`. */
export const createRuntime = async (given: CloisterOptions, development: Development | null = null): Promise<Runtime> => {
  const registry = makeRegistry();
  const baseline = makeBaseline();
  const catalog = { contracts: registry.map((entry) => entry.capability.contract), baseline };
  const parsed = parseOptions(given, catalog);
  await checkJobs(parsed.jobs);
  const logger = parsed.logger ?? pino({ name: 'cloister' });
  const artefacts = findArtefacts(parsed.wards.execPath ?? undefined);
  const hardening = await openHardening({ artefacts, modes: parsed.wards.hardening, user: parsed.wards.user });
  logger.info(sayHardening(hardening.reports, parsed.wards.hardened), 'wards are held back');
  const database =
    parsed.database === null
      ? undefined
      : await openDatabaseResource(parsed.database, {
          ...databaseOptionsOf(parsed),
          onFinding: (finding) => logger.warn({ finding }, 'the database gives every role more than its grant'),
        });
  const giveUp = async (error: unknown): Promise<never> => {
    await database?.close();
    throw error;
  };
  const connect = database === undefined ? null : () => database.openAdmin('cloister:approvals');
  const { options, lock } = await openLock(parsed, catalog, connect).catch(giveUp);
  const onLedgerFailure = (error: unknown): void => logger.error({ err: error }, 'the ledger cannot be written');
  const { tenants, views } = openTenancy(options, {
    hostTenant: defaultTenant,
    checkGrant: makeGrantCheck(catalog),
    onChange: (tenant) => {
      turns.bus.facts.changed();
      dispatcher.renew(tenant);
    },
    onFailure: (tenant, error) => logger.error({ err: error, tenant }, 'what a tenant has could not be found out'),
  });
  const listed = openTenantList(options, (error) => logger.error({ err: error }, 'which tenants there are could not be found out'));
  const watch = new CanaryWatch({ onVerdict: (extension, reason) => installation.returnCanary(extension, reason) });
  const { ledger, metrics, quotas, closeRecords } = await openRecords(options, database, {
    watch,
    onLedgerFailure,
    onQuotaFailure: (error) => logger.error({ err: error }, 'quotas cannot be told, or agreed on among hosts'),
    gauges: () => gauges(),
    tenants,
  }).catch(giveUp);
  const tracing = options.tracer === null ? null : makeTracing(options.tracer);
  const lives = openLifeLog(ledger, onLedgerFailure);
  const life = (event: LifeEvent, extension: string | LifeSubject, tenant: string, subject: string, reason: string): void => {
    logger.debug({ event, extension: typeof extension === 'string' ? extension : extension.id, tenant, subject, reason }, 'life');
    lives.record(event, extension, tenant, subject, reason);
  };

  const bytes = Math.max(options.limits.bodyOutBytes ?? 0, options.limits.callBytes ?? 0, 64 * megabyte);
  const flags = flagsOf(options.wards.hardened);
  const weightOf = (tenant: string): number => tenants?.weight(tenant) ?? 1;
  const pool = new WardPool({
    program: hardening.start(flags, artefacts.wardFile, ...(development?.onInspection === undefined ? [] : ['inspectable'])),
    images: new Images((key) => hardening.start(flags, artefacts.imageFile, artefacts.guestFile(key)), artefacts.partsFolder),
    ...options.wards,
    weightOf,
    cellsPerWard,
    maxTextBytes: bytes + frameSlack,
    maxRawBytes: bytes + frameSlack,
    bootMs: wardBootMs,
    onNoSpawner: () =>
      logger.warn('the process that starts wards was lost three times: this one starts them from now on, and stands still for each start'),
    onLife: (event, pid, tenant, reason) => life(event, '', tenant, `ward ${pid}`, reason),
  });
  const bridge = makeBridge((error, origin) =>
    logger.error({ err: error, extension: origin.extension, tenant: origin.tenant }, 'a capability failed on the host'),
  );
  const turns: Turns = openTurns({
    setting: options.jobs,
    database,
    tenant: defaultTenant,
    tenants: listed === null ? null : () => listed.names(),
    resolveTenant: async (tenant) => await tenants?.settings(tenant),
    onStoreFailure: (error) => logger.error({ err: error }, 'the queue of jobs cannot be reached'),
    serves: (tenant, extension) => installation.hasTenant(extension, tenant) && (tenants?.serves(tenant, extension) ?? true),
    limitsOf: (extension, tenant) => views?.limitsOf(extension, tenant) ?? extension.limits,
    hears: (tenant, { extension, listener }) => views?.hears(extension, tenant, listener) ?? true,
    dispatch: (extension, tenant, accountability, question, answer) =>
      dispatcher.dispatch(extension, tenant, accountability, question, answer),
    onLife: life,
  });
  const { bus, schedules } = turns;
  const events = makeHostEvents(bus);
  const onFault = (error: unknown, event: string): void => logger.error({ err: error, event }, 'a listener of the host failed');
  const dispatcher: Dispatcher = new Dispatcher(
    {
      pool,
      ledger,
      breaker,
      weightOf,
      tracing,
      views,
      refuseQuota: (extension, tenant, isJob) => quotaRefusal(() => quotas?.refuse(extension, tenant, isJob) ?? null),
      cellIdleMs: options.wards.cellIdleMs,
      onCall: makeCallRoad(bridge, views, life),
      onRegistered: (extension, tenant, { listeners }, record) =>
        bus.facts.registered(views?.wholeOf(extension) ?? extension, tenant, listeners, record, extension.limits.listeners),
      onLife: life,
      onGuestError: (extension, tenant, request, stack) =>
        logger.warn({ extension, tenant, request, guest: { stack: makeSafeText(stack) } }, 'an extension failed'),
      onLedgerFailure,
      onExtension: lives.introduce,
    },
    // Hexadecimal: a request's id stands on command lines, where what begins with "-" is an option.
    randomBytes(6).toString('hex'),
  );
  const egress = makeFetchResources(options.egress, options.secrets);
  const installation: Installation = new Installation({
    options,
    lock,
    readApprovals: () => openLock(parsed, catalog, connect),
    registry,
    baseline,
    inlineMaps: development?.onInspection !== undefined,
    resources: {
      logger,
      env: withPlaceholders(options.env, egress),
      database,
      events: options.listeners === null ? bus : withOwnListeners({ bus, events, listeners: options.listeners, onFault }),
      services: makeOffered(options.services, events),
      ownSchema: options.getSchema,
      egress,
    },
    dispatcher,
    watch,
    onInstalled: (extension) => {
      lives.know(extension);
      if (development?.isTrial !== true) turns.begin(extension);
    },
    onDiscarded: (extension) => turns.end(extension),
    onTenants: () => bus.facts.changed(),
    onReturned: (canary) => deploying.onReturned(canary),
    wantedDigest: (extension) => development?.wantedDigest?.(extension) ?? deploying.wantedDigest(extension),
    onLife: (event, extension, subject, reason) => life(event, extension, '', subject, reason),
  });

  const deploying: Deploying = openDeploying({ options, contracts: catalog.contracts, database, logger, installation: () => installation });
  let closing: Promise<void> | null = null;
  const { health, gauges } = makeVitals({ dispatcher, installation, pool, schedules, jobs: turns.jobs, isClosing: () => closing !== null });
  const handler = makeHandler({
    dispatcher,
    identify: options.identify ?? undefined,
    htmlPolicy,
    mount: (id) => installation.mount(id),
    tracing,
    tenants: views,
    operatorRoutes: makeOperator({
      options,
      installation,
      watch,
      deploying,
      metrics,
      logger,
      health,
      isClosing: () => closing !== null,
      life,
    }),
    onTrial: (extension, request, client) => watch.meets(extension, request, client),
    onFault: (error) => logger.error({ err: error }, 'a request could not be taken'),
  });
  const close = async (drainMs: number, delayMs: number): Promise<void> => {
    if (delayMs > 0) await setTimeout(delayMs);
    schedules.stop();
    await deploying.close();
    turns.stop();
    await dispatcher.close(drainMs);
    await turns.jobs.close();
    await pool.close();
    await installation.close();
    await database?.close();
    lives.close();
    life('runtime.close', '', '', '', 'closed');
    await closeRecords();
  };

  life('runtime.start', '', '', artefacts.execPath, `node ${process.versions.node}`);
  development?.onInspection?.(makeInspection(() => dispatcher.cells()));
  try {
    await installation.load();
    await deploying.start();
    await turns.start();
  } catch (error) {
    await close(0, 0);
    throw error;
  }
  return {
    handler: () => handler,
    extensions: () => installation.installed,
    refused: () => [...installation.refused],
    reload: () => installation.reload(),
    apply: (desired) => installation.apply(desired),
    tryOut: deploying.tryOut,
    registry: deploying.calls,
    sourceMap: (id) => installation.sourceMap(id),
    events: makeEmbedderEvents({ bus, events, limits: options.limits, tenant: defaultTenant }),
    schedules: () => schedules.nextRuns(),
    ledger: () => ledger.recent(),
    health,
    hardening: () => hardening.reports,
    forgetTenant(tenant) {
      tenants?.forget(tenant);
      listed?.forget();
    },
    metrics: async () => {
      if (metrics !== null) return await metrics.render();
      throw new CloisterError('ERR_OPTIONS_INVALID', 'nothing is counted: set the option metrics to true, or give an adminToken');
    },
    close: ({ drainMs = defaultDrainMs, delayMs = 0 } = {}) => {
      closing ??= close(drainMs, delayMs);
      return closing;
    },
  };
};
