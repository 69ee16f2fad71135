// What an extension may ask of `log`, and in what form. Must never decide or do anything.
import { type Static, Type } from '#typebox';
import type { CapabilityContract } from '../../bridge/capability.ts';
import { logBounds } from './bounds.ts';

/** From the loudest to the quietest, as pino has them. */
export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof logLevels)[number];

const level = Type.Enum([...logLevels]);

/** No `levels`: all of them. An empty list: none. */
export const logGrant = Type.Object(
  { levels: Type.Optional(Type.Array(level, { uniqueItems: true, maxItems: logLevels.length })) },
  { additionalProperties: false },
);
export type LogGrant = Static<typeof logGrant>;

export const writeArgs = Type.Object(
  {
    level,
    text: Type.String({ maxLength: logBounds.textChars.value }),
    /** JSON text of an object: its size is known before it is parsed. */
    data: Type.Optional(Type.String({ maxLength: logBounds.dataChars.value })),
  },
  { additionalProperties: false },
);
export type WriteArgs = Static<typeof writeArgs>;

/** What the guest side is told when a cell boots. It saves calls and cuts lines early; nothing depends on it. */
export interface LogBoot {
  /** The host logger's own level at that time. */
  readonly level: string;
  /** Those that every grant lists. */
  readonly levels: readonly string[];
  readonly textChars: number;
  readonly dataChars: number;
  readonly dataDepth: number;
}

export const logContract: CapabilityContract = {
  name: 'log',
  grant: logGrant,
  methods: {
    write: {
      args: writeArgs,
      reply: false,
      overflow: { level: 'warn', text: 'further log lines of this request are suppressed' } satisfies WriteArgs,
      effect: () => false,
      summarize(args) {
        const { level, text, data } = args as WriteArgs;
        return { level, textChars: text.length, dataChars: data?.length ?? 0 };
      },
    },
  },
};
