// One cell's kernel: takes messages in, hands them to whoever they are for. Must never let an exception of the guest leave an entry.
import { platform } from '../platform/platform.ts';
import { IdTable } from '../protocol/id-table.ts';
import { fromGuest, type KernelConfig, type KernelLimits, type Registered, toGuest } from '../protocol/kinds.ts';
import { asApp, bodyParsers, express, makeApp } from './app.ts';
import { makeCalls } from './calls.ts';
import { makeContext } from './context.ts';
import { makeFault } from './fault.ts';
import { withHeaderNotes } from './header-notes.ts';
import { makeHooks } from './hooks.ts';
import { hasOwn, nativeThen, parseJson, reflectApply, stringifyJson, toText } from './intrinsics.ts';
import { makeJobs } from './jobs.ts';
import { bootLimits, type Lease, makeLease } from './lease.ts';
import { type ListenerChanges, makeListeners } from './listeners.ts';
import { connectPipe, type PostFunction, post } from './pipe.ts';
import { evaluate, type Factory, findParts, importsNodeClient } from './register.ts';
import { makeHookFunctions } from './register-hook.ts';
import { asSandboxed } from './register-sandboxed.ts';
import { withSchema } from './request-schema.ts';
import { makeRequests } from './requests.ts';
import { makeSchemaCache, type SchemaCache } from './schema-cache.ts';
import { makeTimers } from './timers.ts';
import { warmUp } from './warm-up.ts';
import { enterZone, type Zone } from './zone.ts';

/** Where in the extension's own script, in a stack. */
const placeInScript = /\/extension\/index\.js:\d+:\d+/;

export interface Kernel {
  connect(post: PostFunction, part: (name: string) => string): void;
  deliver(kind: number, lease: number, id: number, text: string, raw: string | ArrayBuffer | null): void;
  warmUp(): void;
}

export const makeKernel = (): Kernel => {
  let limits: KernelLimits = bootLimits;
  let config: KernelConfig | null = null;
  let factory: Factory | null = null;
  const leases = new IdTable<Lease>();
  const background = makeLease(0);
  const rootZone: Zone = { lease: background, stores: undefined };
  enterZone(rootZone);

  let schemas: SchemaCache | null = null;
  const calls = makeCalls(
    () => limits,
    () => schemas?.expire(),
  );
  const timers = makeTimers(
    () => limits,
    (error) => hooks.logUncaught(error),
  );
  const listeners = makeListeners(() => limits);
  const hooks = makeHooks(timers, calls, listeners);
  const app = makeApp();
  const forget = (lease: Lease): void => {
    leases.delete(lease.id);
  };
  let serve = asApp(app);
  const requests = makeRequests(
    (request, response, done) => serve(request, response, done),
    bodyParsers,
    () => limits,
    forget,
  );
  let context: object = {};
  const jobs = makeJobs(
    listeners,
    () => context,
    () => schemas,
    () => limits,
    forget,
  );

  const leaseOf = (id: number): Lease => leases.get(id) ?? background;
  const beginLease = (id: number): Lease => {
    const lease = makeLease(id);
    leases.set(id, lease);
    return lease;
  };

  const configure = (text: string): void => {
    config = parseJson(text) as KernelConfig;
    limits = config.limits;
    hooks.configure(config);
    if (hasOwn(config.capabilities, 'schema')) {
      const bridge = calls.bridgeFor('schema', null, true);
      schemas = makeSchemaCache(() => bridge.call('read', {}));
      if (platform.expressMajor === 4) serve = withSchema(asApp(app), schemas);
    }
    if (hasOwn(config.capabilities, 'headers')) {
      const bridge = calls.bridgeFor('headers', null, true);
      serve = withHeaderNotes(serve, config.capabilities['headers'] as readonly string[], (name) => bridge.note('read', { name }));
    }
    Object.defineProperty(globalThis, '__load', {
      configurable: true,
      value: (loaded: Factory, files?: string) => {
        Reflect.deleteProperty(globalThis, '__load');
        factory = loaded;
        if (files !== undefined && config !== null) hooks.carry(config, files);
      },
    });
  };

  /** Listeners that come and go after registration: the host hears of each. */
  const tellChanges = (current: KernelConfig): ListenerChanges => {
    const bridge = calls.bridgeFor('emitter', undefined, true);
    const tell = (method: string, args: object, onRefused: () => void): void => {
      const failed = (error: unknown): void => {
        onRefused();
        hooks.logUncaught(`emitter of ${current.fallbackId}: ${error instanceof Error ? error.message : 'refused'}`);
      };
      reflectApply(nativeThen, bridge.call(method, args), [undefined, failed]);
    };
    return {
      onAdded: ([listener, channel, event]) => tell('listen', { listener, channel, event }, () => listeners.discard(listener)),
      onRemoved: (listener) => tell('unlisten', { listener }, () => undefined),
    };
  };

  /** Runs every register function; each endpoint gets a router of its own, mounted at its id. */
  const register = async (current: KernelConfig, loaded: Factory): Promise<string> => {
    platform.prefetchParts(toText(loaded));
    context = makeContext(calls, current, listeners);
    const { directusApi, kind, fallbackId } = current;
    // Libraries take it for the sign of a browser, and prefer it to node's clients: a bundle that imports those is none for browsers.
    if (importsNodeClient(loaded)) Reflect.deleteProperty(globalThis, 'XMLHttpRequest');
    const found = findParts(evaluate(loaded, platform.makeRequire(express, directusApi)), kind, fallbackId);
    const { endpoints, hooks: hookParts } = directusApi === null ? found : asSandboxed(found);
    const mounts: string[] = [];
    for (const registerHook of hookParts) await registerHook(makeHookFunctions(listeners), context);
    for (const endpoint of endpoints) {
      const router = express.Router();
      mounts.push(endpoint.id);
      await endpoint.register(router, context);
      app.use(`/${endpoint.id}`, router);
    }
    const registered: Registered = { mounts, hooks: hookParts.length, listeners: listeners.finishRegistration(tellChanges(current)) };
    return stringifyJson(registered) ?? '{}';
  };

  const startRegistration = (lease: Lease): void => {
    const fail = (error: unknown): void => {
      const { message, stack } = makeFault(error);
      const said = (stack ?? '').split('\n')[0] || message;
      const at = placeInScript.exec(stack ?? '')?.[0];
      post(fromGuest.registerFailed, lease.id, 0, stringifyJson({ message: at === undefined ? said : `${said} (${at})` }) ?? '', null);
    };
    if (config === null || factory === null) return fail(new Error('its script defines nothing'));
    const registered = (mounts: string): void => {
      post(fromGuest.registered, lease.id, 0, mounts, null);
      lease.over = true;
      leases.delete(lease.id);
    };
    reflectApply(nativeThen, register(config, factory), [registered, fail]);
  };

  const bytesOf = (raw: string | ArrayBuffer | null): string | Uint8Array | null =>
    raw === null || typeof raw === 'string' ? raw : new Uint8Array(raw);

  const deliver: Kernel['deliver'] = (kind, leaseId, id, text, raw) => {
    if (kind === toGuest.request || kind === toGuest.register || kind === toGuest.job) {
      const lease = beginLease(leaseId);
      enterZone({ lease, stores: undefined });
      if (kind === toGuest.register) startRegistration(lease);
      else if (kind === toGuest.job) jobs.begin(lease, text);
      else requests.begin(lease, id, text, bytesOf(raw));
      return;
    }
    const lease = leaseOf(leaseId);
    enterZone({ lease, stores: undefined });
    switch (kind) {
      case toGuest.configure:
        return configure(text);
      case toGuest.result:
        return calls.settle(Math.floor(id / 2), id % 2 === 1, text, bytesOf(raw));
      case toGuest.timer:
        return timers.fire(id);
      case toGuest.body:
        return requests.push(lease, bytesOf(raw) as Uint8Array);
      case toGuest.bodyEnd:
        return id === 0 ? requests.push(lease, null) : requests.abortBody(lease);
      case toGuest.credit:
        return requests.credit(lease, id);
      case toGuest.cancel:
        requests.cancel(lease);
        jobs.cancel(lease);
        leases.delete(leaseId);
        return;
      default:
        return;
    }
  };

  /** The globals come only now: V8 aborts when it makes a context from an image in which it finds its own `console` replaced. */
  const connect: Kernel['connect'] = (postFunction, part) => {
    connectPipe(postFunction);
    hooks.platform.part = part;
    platform.installGlobals(globalThis, hooks.platform);
  };

  return { connect, deliver, warmUp: () => warmUp(app) };
};
