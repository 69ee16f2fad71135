// What an extension may ask of `emitter`, and in what form. Must never decide or do anything.
import { type Static, Type } from '#typebox';
import type { CapabilityContract } from '../../bridge/capability.ts';
import { emitterBounds } from './bounds.ts';
import { namePattern, wildcardPattern } from './names.ts';

const maxLength = emitterBounds.eventChars.value;
const name = Type.String({
  minLength: 1,
  maxLength,
  pattern: namePattern,
  description: 'an event name: parts of letters, digits, _ : / @ $ # -, joined by dots',
});
const pattern = Type.String({
  minLength: 1,
  maxLength,
  pattern: wildcardPattern,
  description: 'an event name, in which * stands for one part and ** for any number of them',
});
const patterns = Type.Array(pattern, { uniqueItems: true, maxItems: emitterBounds.patterns.value });

/** A list that is absent grants nothing. */
export const emitterGrant = Type.Object(
  {
    emit: Type.Optional(patterns),
    listen: Type.Optional(patterns),
    /** A hook's schedule(): work that no request and no event asks for. */
    schedule: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type EmitterGrant = Static<typeof emitterGrant>;

/** JSON text: its size is known before it is parsed. */
const json = Type.String({ maxLength: 16_777_216 });
const listenChannel = Type.Enum(['filter', 'action', 'init', 'schedule']);

const emitArgs = Type.Object({ event: name, meta: json }, { additionalProperties: false });
const emitFilterArgs = Type.Object({ event: name, payload: json, meta: json }, { additionalProperties: false });
/** A schedule's event is its cron pattern, so the form of names is asked for the others only, by the host. */
export const listenArgs = Type.Object(
  { listener: Type.Integer({ minimum: 1, maximum: 0x7fffffff }), channel: listenChannel, event: Type.String({ minLength: 1, maxLength }) },
  { additionalProperties: false },
);
const unlistenArgs = Type.Object({ listener: Type.Integer({ minimum: 1, maximum: 0x7fffffff }) }, { additionalProperties: false });

export type EmitArgs = Static<typeof emitArgs>;
export type EmitFilterArgs = Static<typeof emitFilterArgs>;
export type ListenArgs = Static<typeof listenArgs>;
export type UnlistenArgs = Static<typeof unlistenArgs>;

/** What the guest side is told when a cell boots. It cuts early; nothing depends on it. */
export interface EmitterBoot {
  readonly eventBytes: number;
}

const summarizeEmit = (args: unknown): Readonly<Record<string, unknown>> => {
  const { event, payload, meta } = args as { readonly event: string; readonly payload?: string; readonly meta: string };
  return { event, metaChars: meta.length, ...(payload === undefined ? {} : { payloadChars: payload.length }) };
};

export const emitterContract: CapabilityContract = {
  name: 'emitter',
  grant: emitterGrant,
  methods: {
    // Others hear of it: its request is not run again.
    emitFilter: { args: emitFilterArgs, reply: true, effect: () => true, summarize: summarizeEmit },
    emitAction: { args: emitArgs, reply: true, effect: () => true, summarize: summarizeEmit },
    emitInit: { args: emitArgs, reply: true, effect: () => true, summarize: summarizeEmit },
    listen: {
      args: listenArgs,
      reply: true,
      effect: () => false,
      summarize(args) {
        const { channel, event, listener } = args as ListenArgs;
        return { channel, event, listener };
      },
    },
    unlisten: {
      args: unlistenArgs,
      reply: true,
      effect: () => false,
      summarize: (args) => ({ listener: (args as UnlistenArgs).listener }),
    },
  },
};
