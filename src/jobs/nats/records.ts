// What stands in the log of jobs: who was put, what became of it, which hosts are there. Must never let through what is not one of these.
import { Ajv } from 'ajv';
import { type Static, Type } from '#typebox';

const closed = { additionalProperties: false } as const;
export const mostNameChars = 10_000;
const text = Type.String({ maxLength: mostNameChars });
const lane = Type.Union([Type.Null(), Type.Object({ name: text, rank: Type.Number() }, closed)]);

/** Jobs of one call, in one message: all of them or none. Their bodies follow one another in its payload, or in `parts`. */
const putSchema = Type.Object(
  {
    record: Type.Literal('put'),
    version: Type.Literal(1),
    token: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
    kind: Type.Union([Type.Literal('action'), Type.Literal('schedule')]),
    tenant: text,
    tree: Type.Union([Type.Null(), text]),
    /** 0: the bodies are in the message's own payload. */
    parts: Type.Integer({ minimum: 0 }),
    jobs: Type.Array(Type.Object({ id: text, extension: text, what: text, lane, bytes: Type.Integer({ minimum: 0 }) }, closed)),
  },
  closed,
);

/** The newest of a job's own subject holds. */
const stateSchema = Type.Object(
  {
    record: Type.Literal('state'),
    version: Type.Literal(1),
    id: text,
    state: Type.Enum(['queued', 'running', 'done', 'dead']),
    attempts: Type.Integer({ minimum: 0 }),
    /** Who runs it; of one that waits, who gave it back. */
    host: Type.Union([Type.Null(), text]),
    delayMs: Type.Number({ minimum: 0 }),
    /** By the server's clock; null: since it was put. */
    since: Type.Union([Type.Null(), Type.Number()]),
    reason: text,
  },
  closed,
);

const hostSchema = Type.Object(
  { record: Type.Literal('host'), version: Type.Literal(1), name: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }), gone: Type.Boolean() },
  closed,
);

export type PutRecord = Static<typeof putSchema>;
export type StateRecord = Static<typeof stateSchema>;
export type HostRecord = Static<typeof hostSchema>;
export type LogRecord = PutRecord | StateRecord | HostRecord;

/** The header it stands in: so that hosts can follow the log without the bodies. */
export const recordHeader = 'Cloister-Record';

/** A header is one line of ASCII. */
export const writeRecord = (record: LogRecord): string =>
  JSON.stringify(record).replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** null: another version of Cloister wrote it, or somebody else. */
export type ParseRecord = (line: string) => LogRecord | null;

export const makeRecordParser = (): ParseRecord => {
  const ajv = new Ajv({ strict: true });
  const isPut = ajv.compile<PutRecord>(putSchema);
  const isState = ajv.compile<StateRecord>(stateSchema);
  const isHost = ajv.compile<HostRecord>(hostSchema);
  return (line) => {
    try {
      const value: unknown = JSON.parse(line);
      return isState(value) || isHost(value) || isPut(value) ? value : null;
    } catch {
      return null;
    }
  };
};
