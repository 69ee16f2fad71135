// Values as Directus gives them, from the text and type PostgreSQL gives. Must never lose digits: what a number cannot hold stays text.
import pg from 'pg';

export type Decode = (text: string) => unknown;

const keep: Decode = (text) => text;

const numeric: Decode = (text) => {
  const value = Number(text);
  // NaN and the infinities have no JSON.
  return Number.isFinite(value) ? value : text;
};

const stamp = /^(\d{4,6}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,6})?([+-]\d\d(?::\d\d){0,2})?$/;

/** Wall-clock time, which belongs to no zone: as it is stored, to the second. */
const dateTime: Decode = (text) => {
  const [, day, time] = stamp.exec(text) ?? [];
  return day === undefined || time === undefined ? text : `${day}T${time}`;
};

const offsetMs = (zone: string): number => {
  const [hours = '0', minutes = '0', seconds = '0'] = zone.slice(1).split(':');
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  return zone.startsWith('-') ? -ms : ms;
};

/** A moment, in UTC. */
const timestamp: Decode = (text) => {
  const [, day, time, fraction = '', zone] = stamp.exec(text) ?? [];
  if (day === undefined || time === undefined || zone === undefined) return text;
  const local = Date.parse(`${day}T${time}${fraction.slice(0, 4)}Z`);
  return Number.isNaN(local) ? text : new Date(local - offsetMs(zone)).toISOString();
};

/** bytea in hex. */
const binary: Decode = (text) => (text.startsWith('\\x') ? Buffer.from(text.slice(2), 'hex').toString('base64') : text);

const oids = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  oid: 26,
  json: 114,
  float4: 700,
  float8: 701,
  timestamp: 1114,
  timestamptz: 1184,
  jsonb: 3802,
} as const;

/** Lists of what is text or a number here; the driver's own parsers take them apart. */
const lists = [1_000, 1_005, 1_007, 1_009, 1_015, 1_016, 1_021, 1_022, 1_231, 2_951] as const;

export type Decoders = ReadonlyMap<number, Decode>;

const parserOf: (oid: number, format: 'text') => Decode = pg.types.getTypeParser;

export const makeDecoders = (): Decoders =>
  new Map<number, Decode>([
    [oids.bool, (text) => text === 't'],
    [oids.bytea, binary],
    [oids.int2, numeric],
    [oids.int4, numeric],
    [oids.oid, numeric],
    [oids.float4, numeric],
    [oids.float8, numeric],
    [oids.int8, keep],
    [oids.json, JSON.parse],
    [oids.jsonb, JSON.parse],
    [oids.timestamp, dateTime],
    [oids.timestamptz, timestamp],
    ...lists.map((oid): readonly [number, Decode] => [oid, parserOf(oid, 'text')]),
  ]);

export const decodeValue = (text: string | null, oid: number, decoders: Decoders): unknown =>
  text === null ? null : (decoders.get(oid) ?? keep)(text);
