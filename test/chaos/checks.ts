// What has to hold after a chaos run, as one table. Must never excuse what no trouble of the run explains.
import { readdirSync } from 'node:fs';
import { readLedger } from '../../src/ledger/read-ledger.ts';
import { verifyLedger } from '../../src/ledger/verify-ledger.ts';
import type { OwnPostgres } from '../helpers/own-postgres.ts';
import type { Host } from './host.ts';
import type { Asked } from './load.ts';
import type { Outage } from './troubles.ts';

/** So long a busy machine may leave a run of each second waiting. */
const gapMs = 10_000;
/** Others take over from a host that was lost, and come back to a database that was away, within so long. */
const returnMs = 15_000;

export interface Check {
  readonly name: string;
  /** How many were looked at. */
  readonly seen: number;
  /** One line for each that does not hold. */
  readonly wrong: readonly string[];
}

const overlaps = (from: number, until: number, outage: Outage, slackMs = 0): boolean =>
  from < outage.until + slackMs && until > outage.from - slackMs;

export const checkAnswers = (asked: readonly Asked[], hosts: readonly Host[]): Check => {
  const downs = new Map(hosts.map(({ name, downs }) => [name, downs]));
  const wrong = asked
    .filter(({ status, host, from, until }) => status === null && !(downs.get(host) ?? []).some((down) => overlaps(from, until, down)))
    .map(({ host, path, code, from, until }) => `${host} ${path}: ${code} after ${(until - from).toFixed(0)} ms`);
  return { name: 'each request was answered, but on a host that was killed', seen: asked.length, wrong };
};

interface OnLedger {
  readonly paths: ReadonlySet<string>;
  readonly lives: ReadonlyMap<string, number>;
  readonly entries: number;
}

const readHost = async ({ ledger }: Host): Promise<OnLedger> => {
  const paths = new Set<string>();
  const lives = new Map<string, number>();
  let entries = 0;
  for await (const entry of readLedger(ledger)) {
    entries += 1;
    if (entry.kind === 'request.start' || entry.kind === 'request.end') paths.add(entry.path);
    if (entry.kind === 'life') lives.set(entry.event, (lives.get(entry.event) ?? 0) + 1);
  }
  return { paths, lives, entries };
};

const tokensIn = async (postgres: OwnPostgres, table: string): Promise<readonly string[]> =>
  (await postgres.run(`select token from ${table}`)).rows.map((row) => String((row as { readonly token: unknown }).token));

/** The chain of each ledger, and in it each request that did something or whose client was told so. */
export const checkLedgers = async (hosts: readonly Host[], asked: readonly Asked[], postgres: OwnPostgres): Promise<readonly Check[]> => {
  const chains: string[] = [];
  const read = new Map<string, OnLedger>();
  for (const host of hosts) {
    const report = await verifyLedger(host.ledger);
    if (!report.ok) chains.push(`${host.name}: line ${String(report.firstBadLine)}: ${report.reason ?? ''}`);
    read.set(host.name, await readHost(host));
  }
  const answered = asked.filter(({ status }) => status === 200);
  const lost = answered.filter(({ host, path }) => read.get(host)?.paths.has(path) !== true).map(({ host, path }) => `${host} ${path}`);
  const tokens = await tokensIn(postgres, 'marks');
  const pathOf = new Map(asked.map(({ token, host, path }) => [token, { host, path }]));
  const unseen = tokens.filter((token) => {
    const found = pathOf.get(token);
    return found === undefined || read.get(found.host)?.paths.has(found.path) !== true;
  });
  const rows = new Set(tokens);
  const undone = answered
    .filter(({ path, token }) => path.startsWith('/writer/') && !path.includes('/plain/') && !rows.has(token))
    .map(({ host, path }) => `${host} ${path}`);
  const entries = [...read.values()].reduce((sum, one) => sum + one.entries, 0);
  return [
    { name: 'the hash chain of each ledger holds', seen: entries, wrong: chains },
    { name: 'each request that a client got an answer for is on its host’s ledger', seen: answered.length, wrong: lost },
    { name: 'each row that was written is of a request on the ledger', seen: tokens.length, wrong: unseen },
    { name: 'each row that a client was told of is there', seen: answered.length, wrong: undone },
    {
      name: 'no row was written twice',
      seen: tokens.length,
      wrong: tokens.length === rows.size ? [] : [`${String(tokens.length - rows.size)} twice`],
    },
  ];
};

/** A schedule of each second, from the first tick to the last. `clockMs`: performance.timeOrigin. `kills`: a run that its host was lost in may be run again. */
export const checkSchedule = async (
  postgres: OwnPostgres,
  clockMs: number,
  excuses: readonly Outage[],
  kills: number,
): Promise<readonly Check[]> => {
  const { rows } = await postgres.run('select extract(epoch from at)::float8 * 1000 as at from ticks order by at');
  const ticks = (rows as readonly { readonly at: number }[]).map(({ at }) => at - clockMs);
  const seconds = Math.ceil(((ticks.at(-1) ?? 0) - (ticks[0] ?? 0)) / 1_000) + 1;
  const more = ticks.length - seconds - kills;
  const gaps = ticks.slice(1).flatMap((at, index) => {
    const before = ticks[index] ?? at;
    if (at - before <= gapMs || excuses.some((outage) => overlaps(before, at, outage, returnMs))) return [];
    return [`${((at - before) / 1_000).toFixed(1)} s without a run`];
  });
  return [
    {
      name: 'no due time of a schedule ran twice, but where its host was killed',
      seen: ticks.length,
      wrong: more > 0 ? [`${String(more)} more than there were seconds`] : [],
    },
    { name: 'no schedule stood still, but where host or database were away', seen: ticks.length, wrong: gaps },
  ];
};

export const checkLeft = (hosts: readonly Host[], temporary: string, codes: readonly (number | null)[]): readonly Check[] => {
  const left = hosts.flatMap((host) => host.left().map((line) => `${host.name}: ${line}`));
  const files = readdirSync(temporary);
  return [
    {
      name: 'each host ended with 0 when it was told to',
      seen: codes.length,
      wrong: codes.flatMap((code, index) => (code === 0 ? [] : [`${hosts[index]?.name ?? ''}: ${String(code)}`])),
    },
    { name: 'no process is left', seen: hosts.length, wrong: left },
    { name: 'no temporary file is left', seen: hosts.length, wrong: files },
  ];
};

/** One line a check, and what is wrong below it. */
export const printChecks = (checks: readonly Check[]): string => {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .flatMap(({ name, seen, wrong }) => [
      `${wrong.length === 0 ? '✔' : '✖'} ${name.padEnd(width)}  ${String(seen).padStart(7)} seen  ${String(wrong.length).padStart(5)} wrong`,
      ...wrong.slice(0, 10).map((line) => `    ${line}`),
    ])
    .join('\n');
};
