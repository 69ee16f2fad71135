// Thousands of requests on the database with kills, timeouts, clients that leave and rollbacks among them, and a look at what is left: no busy connection, no lock, no transaction, no row too many or too few. Must never look away from a fault it counted.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';
import { grant, type Operation, operations, setUpSql, source, strangersKey, tenants } from './traffic.ts';

export interface SoakOptions {
  readonly requests: number;
  /** Clients at once. */
  readonly connections: number;
  readonly seed: number;
  /** One in so many requests comes with the death of a ward, and one with the end of a backend in the server. */
  readonly killEvery: number;
}

export interface SoakReport {
  readonly seconds: number;
  /** Operation → status and code (or `left`: its client went away) → how often. */
  readonly answers: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly wardsKilled: number;
  readonly backendsEnded: number;
  /** Of all extensions, when it was over. */
  readonly connections: readonly { readonly state: string; readonly count: number }[];
  readonly rows: number;
  /** Nothing, or it has failed. */
  readonly faults: readonly string[];
}

interface Sent {
  readonly operation: Operation;
  readonly key: string;
  readonly status: string;
}

/** Small and repeatable; nothing hangs on its quality. */
const makeRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
};

const total = operations.reduce((sum, { weight }) => sum + weight, 0);
const pick = (random: () => number): Operation => {
  let at = random() * total;
  return operations.find(({ weight }) => (at -= weight) < 0) ?? (operations[0] as Operation);
};

const settleMs = 30_000;

class Soak {
  readonly #options: SoakOptions;
  readonly #runtime: TestRuntime;
  readonly #admin: pg.Client;
  readonly #random: () => number;
  readonly #sent: Sent[] = [];
  readonly #faults: string[] = [];
  #next = 0;
  wardsKilled = 0;
  backendsEnded = 0;

  constructor(options: SoakOptions, runtime: TestRuntime, admin: pg.Client) {
    this.#options = options;
    this.#runtime = runtime;
    this.#admin = admin;
    this.#random = makeRandom(options.seed);
  }

  async run(): Promise<SoakReport> {
    const started = performance.now();
    await Promise.all(Array.from({ length: this.#options.connections }, () => this.#work()));
    const seconds = (performance.now() - started) / 1_000;
    await this.#settle();
    const connections = await this.#lookAtConnections();
    const rows = await this.#lookAtRows();
    await this.#lookAtService();
    return {
      seconds,
      answers: this.#answers(),
      wardsKilled: this.wardsKilled,
      backendsEnded: this.backendsEnded,
      connections,
      rows,
      faults: this.#faults,
    };
  }

  async #work(): Promise<void> {
    const { requests, killEvery } = this.#options;
    while (this.#next < requests) {
      const number = this.#next;
      this.#next += 1;
      if (number % killEvery === killEvery - 1) await this.#kill(number);
      await this.#send(pick(this.#random), `k${String(number)}`, tenants[number % tenants.length] ?? 't1');
    }
  }

  async #send(operation: Operation, key: string, tenant: string): Promise<void> {
    const { name, extension: id, abortsWithin } = operation;
    const path = `/${id}/${name}/${key}`;
    const signal = abortsWithin === undefined ? undefined : AbortSignal.timeout(1 + Math.floor(this.#random() * abortsWithin));
    const reply = await this.#runtime
      .request(path, { headers: { 'x-tenant': tenant }, ...(signal === undefined ? {} : { signal }) })
      .catch((error: Error) => error);
    if (reply instanceof Error) {
      if (signal === undefined) this.#faults.push(`${path}: the host cut the connection (${reply.message})`);
      this.#sent.push({ operation, key, status: 'left' });
      return;
    }
    this.#sent.push({ operation, key, status: reply.status === 200 ? '200' : `${String(reply.status)} ${reply.code}` });
    if (/canary|stranger/.test(reply.text)) this.#faults.push(`${path}: a stranger's row in the answer`);
    if (reply.status !== 200 || (name !== 'list' && name !== 'stream')) return;
    const seen = reply.json() as { readonly tenants: readonly string[] };
    if (seen.tenants.length !== 1 || seen.tenants[0] !== tenant) this.#faults.push(`${path}: rows of ${seen.tenants.join()} for ${tenant}`);
  }

  /** A ward of ours from outside, or a backend by the server, in turn. */
  async #kill(number: number): Promise<void> {
    if ((number / this.#options.killEvery) % 2 < 1) {
      const wards = this.#runtime.wards();
      const pid = wards[Math.floor(this.#random() * wards.length)];
      if (pid === undefined) return;
      process.kill(pid, 'SIGKILL');
      this.wardsKilled += 1;
      return;
    }
    const { rowCount } = await this.#admin.query(
      `select pg_terminate_backend(pid) from (select pid from pg_stat_activity where application_name like 'cloister:%' and datname = current_database() order by random() limit 1) one`,
    );
    this.backendsEnded += rowCount ?? 0;
  }

  /** Leases that outlive their client end by their own deadline; the server takes a moment to end what is cancelled. */
  async #settle(): Promise<void> {
    for (const end = performance.now() + settleMs; performance.now() < end; await sleep(50)) {
      const { rowCount } = await this.#admin.query(
        `select from pg_stat_activity where application_name like 'cloister:%' and datname = current_database() and state <> 'idle'`,
      );
      if (rowCount === 0 && this.#runtime.runtime.health().requests === 0) return;
    }
    this.#faults.push(`not at rest after ${String(settleMs)} ms: ${JSON.stringify(this.#runtime.runtime.health())}`);
  }

  async #lookAtConnections(): Promise<SoakReport['connections']> {
    const { rows: locks } = await this.#admin.query<{ readonly lock: string }>(
      `select l.locktype || ' ' || coalesce(l.relation::regclass::text, '') || ' of ' || a.application_name lock from pg_locks l
       join pg_stat_activity a on a.pid = l.pid where a.application_name like 'cloister:%' and a.datname = current_database()`,
    );
    for (const { lock } of locks) this.#faults.push(`a lock is left: ${lock}`);
    const { rows: open } = await this.#admin.query<{ readonly what: string }>(
      `select state || ' since ' || xact_start what from pg_stat_activity where application_name like 'cloister:%' and datname = current_database() and xact_start is not null
       union all select 'prepared ' || gid from pg_prepared_xacts where database = current_database()`,
    );
    for (const { what } of open) this.#faults.push(`a transaction is left: ${what}`);
    const { rows } = await this.#admin.query<{ readonly state: string; readonly count: number }>(
      `select state, count(*)::int count from pg_stat_activity where application_name like 'cloister:%' and datname = current_database() group by state order by state`,
    );
    for (const { state, count } of rows) if (state !== 'idle') this.#faults.push(`${String(count)} connections are ${state}`);
    return rows;
  }

  async #lookAtRows(): Promise<number> {
    const { rows } = await this.#admin.query<{ readonly key: string; readonly tenant_id: string; readonly title: string }>(
      'select * from keys',
    );
    const found = new Map(rows.map((row) => [row.key, row]));
    const stranger = found.get(strangersKey);
    if (stranger?.title !== 'canary' || stranger.tenant_id !== 'stranger')
      this.#faults.push(`the stranger's row is ${JSON.stringify(stranger)}`);
    for (const sent of this.#sent) this.#compare(sent, found.has(`${sent.key}.1`), found.has(`${sent.key}.2`));
    for (const { key, tenant_id: tenant } of rows) {
      const number = /^k(\d+)\.[12]$/.exec(key)?.[1];
      if (number !== undefined && tenant !== tenants[Number(number) % tenants.length]) this.#faults.push(`${key} belongs to ${tenant}`);
    }
    return rows.length;
  }

  #compare({ operation: { name, left }, key, status }: Sent, first: boolean, second: boolean): void {
    const is = `${name} ${key} answered ${status}, and ${first ? 'its first row is there' : 'its first row is not there'}${second ? ', its second too' : ''}`;
    if (left === 'none' && (first || second)) this.#faults.push(is);
    if (left === 'both' && (first !== second || (status === '200' && !first))) this.#faults.push(is);
    if (left === 'first' && (second || (status === '200' && !first))) this.#faults.push(is);
  }

  /** Whatever happened before, each tenant is served. A ward that was just killed takes its requests along once more at most. */
  async #lookAtService(): Promise<void> {
    for (const tenant of tenants) {
      let status = 0;
      for (let round = 0; round < 20 && status !== 200; round += 1) {
        status = (await this.#runtime.request('/calm/list/x', { headers: { 'x-tenant': tenant } })).status;
        if (status !== 200) await sleep(250);
      }
      if (status !== 200) this.#faults.push(`${tenant} gets ${String(status)} when all is over`);
    }
  }

  #answers(): SoakReport['answers'] {
    const answers = new Map<string, Map<string, number>>();
    for (const { operation, status } of this.#sent) {
      const counts = answers.get(operation.name) ?? new Map<string, number>();
      counts.set(status, (counts.get(status) ?? 0) + 1);
      answers.set(operation.name, counts);
    }
    return answers;
  }
}

const openSoakRuntime = (database: TestDatabase): Promise<TestRuntime> =>
  openTestRuntime({
    extensions: {
      calm: extension(source, { capabilities: { database: grant }, limits: { cpuMs: 2_000, wallMs: 20_000 } }),
      wild: extension(source, { capabilities: { database: grant }, limits: { cpuMs: 60, wallMs: 1_500, memoryMb: 32 } }),
    },
    options: {
      database: database.url,
      identify: (request) => ({ tenant: String(request.headers['x-tenant']), accountability: null }),
      // Which wards there are is read from it.
      ledger: { ringSize: 1_000_000 },
    },
    logLevel: 'silent',
  });

export const runDatabaseSoak = async (options: SoakOptions): Promise<SoakReport> => {
  const database = await openTestDatabase(setUpSql);
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  try {
    const runtime = await openSoakRuntime(database);
    try {
      const [refusal] = runtime.runtime.refused();
      if (refusal !== undefined) throw refusal.error;
      return await new Soak(options, runtime, admin).run();
    } finally {
      await runtime.close();
    }
  } finally {
    await admin.end();
    await database.close();
  }
};
