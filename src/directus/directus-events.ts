// Joins Directus's events and those of cells: its core events reach hooks in cells, and its extensions' own emitter is one with that of cells. Must never bring an event back to where it came from.
import type { Knex } from 'knex';
import type { Accountability } from '../bridge/capability.ts';
import type { OwnListeners } from '../bridge/own-listeners.ts';
import type { Runtime } from '../runtime.ts';
import { isTold, type Meta, takenPayload, toldMeta, toldPayload } from './told-events.ts';

export interface DirectusEventContext {
  readonly database?: unknown;
  readonly schema?: unknown;
  readonly accountability?: Accountability;
}

type FilterHandler = (payload: unknown, meta: Meta, context: DirectusEventContext | null) => unknown;
type ActionHandler = (meta: Meta, context: DirectusEventContext | null) => void;

/** What a hook is registered with (`@directus/types`, RegisterHook), as far as it is used here. */
export interface DirectusHookEvents {
  init(event: string, handler: (meta: Meta) => unknown): void;
  action(event: string, handler: ActionHandler): void;
  filter(event: string, handler: FilterHandler): void;
}

/** The emitter of Directus's extensions among themselves. */
export interface DirectusEmitter {
  onFilter(event: string, handler: FilterHandler): void;
  onAction(event: string, handler: ActionHandler): void;
  emitFilter(event: string, payload: unknown, meta: Meta, context: DirectusEventContext): Promise<unknown>;
  emitAction(event: string, meta: Meta, context: DirectusEventContext): void;
  countFilterListeners(event: string): number;
  countActionListeners(event: string): number;
}

const accountabilityOf = (context: DirectusEventContext | null): Accountability =>
  context?.accountability === undefined || context.accountability === null
    ? null
    : (JSON.parse(JSON.stringify(context.accountability)) as Accountability);

export interface EventParts {
  readonly emitter: DirectusEmitter;
  readonly database: Knex;
  readonly getSchema: () => unknown;
  /** null: it does not serve yet. */
  runtime(): Runtime | null;
}

/** Listens for every event: which of them any extension hears is known to the runtime, and changes with it. */
export const listenForDirectus = (hook: DirectusHookEvents, parts: EventParts): { readonly listeners: OwnListeners } => {
  const { emitter, database, getSchema, runtime } = parts;
  /** Contexts of what cells emitted, while it goes round the extensions of Directus. */
  const fromCells = new WeakMap<object, string>();
  const isFromCell = (event: string, context: DirectusEventContext | null): boolean => context !== null && fromCells.get(context) === event;

  const filter: FilterHandler = async (payload, meta, context) => {
    const event = String(meta['event']);
    const events = runtime()?.events;
    if (events === undefined || !isTold(event)) return payload;
    const told = toldPayload(event, payload);
    const after = await events.filter(event, told, toldMeta(event, meta), { accountability: accountabilityOf(context) });
    return takenPayload(event, payload, told, after);
  };
  const action: ActionHandler = (meta, context) => {
    const event = String(meta['event']);
    const events = runtime()?.events;
    if (events === undefined || !isTold(event) || !events.heard('action', event)) return;
    events.action(event, toldMeta(event, meta), { accountability: accountabilityOf(context) });
  };
  hook.filter('**', filter);
  hook.action('**', action);
  emitter.onFilter('**', (payload, meta, context) =>
    isFromCell(String(meta['event']), context) ? undefined : filter(payload, meta, context),
  );
  emitter.onAction('**', (meta, context) => {
    if (!isFromCell(String(meta['event']), context)) action(meta, context);
  });

  /** The listener above is one of them. */
  const own = 1;
  const contextFor = async (event: string, accountability: Accountability): Promise<DirectusEventContext> => {
    const context = { database, schema: await getSchema(), accountability };
    fromCells.set(context, event);
    return context;
  };
  return {
    listeners: {
      async filter(event, payload, meta, { accountability }) {
        if (emitter.countFilterListeners(event) <= own) return payload;
        return await emitter.emitFilter(event, payload, meta, await contextFor(event, accountability));
      },
      async action(event, meta, { accountability }) {
        if (emitter.countActionListeners(event) <= own) return;
        emitter.emitAction(event, meta, await contextFor(event, accountability));
      },
    },
  };
};
