// One connection to NATS and what it is used for: writes that expect a sequence, reads, and following the log. Opened anew when it was lost. Must never keep anybody waiting longer than a statement may take.
import { readFile } from 'node:fs/promises';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { jobBounds } from '../bounds.ts';
import type { Names } from './names.ts';
import type { NatsPackages } from './packages.ts';
import { type LogRecord, type ParseRecord, recordHeader, writeRecord } from './records.ts';
import type { NatsSettings } from './settings.ts';
import { ensureStreams } from './streams.ts';
import type { JobView } from './view.ts';

export interface Written {
  readonly seq: number;
  /** The server had one of this name already. */
  readonly duplicate: boolean;
}

export interface Expectation {
  /** The newest of this subject; 0: there is none. */
  readonly last?: number;
  /** A second one of the same name is not taken. */
  readonly name?: string;
}

export interface Stored {
  readonly seq: number;
  readonly record: LogRecord | null;
  readonly data: Uint8Array;
  readonly at: number;
}

export interface Link {
  /** What fits into one message. */
  readonly mostBytes: number;
  /** Since when this host follows the log without a gap, by the server's clock; null: it has not read a beat of its own yet. */
  readonly since: number | null;
  readonly isOpen: boolean;
  /** null: the subject holds something newer than was expected. */
  write(subject: string, record: LogRecord | null, data: Uint8Array, expect: Expectation): Promise<Written | null>;
  readAt(seq: number): Promise<Stored | null>;
  readLast(stream: string, subject: string): Promise<Stored | null>;
  remove(seq: number): Promise<void>;
  /** All of a subject; with `below`, what was written before that. */
  purge(subject: string, below?: number): Promise<void>;
  /** Resolves once the view has all that was written before. */
  catchUp(): Promise<void>;
  /** Whether anybody is connected under this name. */
  isThere(subject: string): Promise<boolean>;
  answer(subject: string): void;
  /** A beat of this host's own: not read within a while, the log is not followed any more. */
  hasBeaten(seq: number): void;
  close(): Promise<void>;
}

const timeout = jobBounds.statementMs.value;
const deafMs = 5_000;
const closeMs = 1_000;
const pollMs = 50;
const pingMs = 5_000;
/** What a host may have missed and still go on where it was: far less than `keptMs`, after which ends are forgotten. */
const mostGapMs = 60_000;
const nothing = new Uint8Array(0);

const readOptional = async (file: string | null): Promise<string | undefined> => (file === null ? undefined : await readFile(file, 'utf8'));

const makeOptions = async ({ transport }: NatsPackages, { servers, login, tls }: NatsSettings): Promise<NodeConnectionOptions> => {
  const files =
    tls === null
      ? null
      : await Promise.all([tls.ca, tls.certificate, tls.key].map(readOptional)).then(([ca, cert, key]) => ({ ca, cert, key }));
  return {
    servers: [...servers],
    name: 'cloister:jobs',
    timeout,
    // What waits to be sent again would be sent after it was refused.
    reconnect: false,
    // A stack for each request costs more than the request.
    noAsyncTraces: true,
    pingInterval: pingMs,
    maxPingOut: 2,
    ...(login.kind === 'password' ? { user: login.user, pass: login.password } : {}),
    ...(login.kind === 'token' ? { token: login.token } : {}),
    ...(login.kind === 'credentials' ? { authenticator: transport.credsAuthenticator(await readFile(login.file)) } : {}),
    ...(files === null
      ? {}
      : {
          tls: {
            ...(files.ca === undefined ? {} : { ca: files.ca }),
            ...(files.cert === undefined ? {} : { cert: files.cert }),
            ...(files.key === undefined ? {} : { key: files.key }),
          },
        }),
  };
};

interface Opened {
  readonly parse: ParseRecord;
  readonly packages: NatsPackages;
  readonly names: Names;
  readonly view: JobView;
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
}

/** Reads on from where the view is; resolves once it has read all that is there. */
const follow = async ({ names, view, parse, connection, client }: Opened, onRead: () => void): Promise<() => Promise<void>> => {
  const consumer = await client.consumers.getPushConsumer(names.jobs, {
    filter_subjects: names.log,
    headers_only: true,
    opt_start_seq: view.lastSeq + 1,
  });
  await consumer.consume({
    callback(message) {
      view.read(parse(message.headers?.get(recordHeader) ?? ''), message.seq, Number(message.info.timestampNanos) / 1e6);
      onRead();
    },
  });
  const catchUp = async (): Promise<void> => {
    for (const end = performance.now() + timeout * 2; (await consumer.info()).num_pending > 0; ) {
      if (performance.now() > end || connection.isClosed()) throw new Error('the log of jobs could not be read in time');
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    // What was sent before this has come.
    await connection.flush();
  };
  await catchUp();
  return catchUp;
};

export interface LinkNeeds {
  readonly packages: NatsPackages;
  readonly parse: ParseRecord;
  readonly settings: NatsSettings;
  readonly names: Names;
  readonly view: JobView;
  /** When the one before it ended, on this process's clock. */
  readonly lostAt: number | null;
  /** Which stream the view is of. */
  readonly created: { at: string };
  onRead(): void;
  onEnd(): void;
}

export const openLink = async ({ packages, parse, settings, names, view, lostAt, created, onRead, onEnd }: LinkNeeds): Promise<Link> => {
  const { transport, jetstream } = packages;
  const connection = await transport.connect(await makeOptions(packages, settings));
  let isOpen = true;
  let since: number | null = null;
  let beaten: { readonly seq: number; readonly at: number } | null = null;
  const end = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    onEnd();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, closeMs);
    });
    await Promise.race([connection.close().catch(() => undefined), patience]);
    clearTimeout(timer);
  };
  void connection.closed().then(end);
  const client = jetstream.jetstream(connection, { timeout });
  try {
    const manager = await jetstream.jetstreamManager(connection, { timeout, checkAPI: false });
    const info = await ensureStreams(packages, manager, names, settings.replicas);
    const isSame = created.at === info.created && info.state.last_seq >= view.lastSeq;
    if (!isSame || (lostAt !== null && performance.now() - lostAt > mostGapMs)) view.reset();
    created.at = info.created;
    view.forgetClock();
    const opened: Opened = { parse, packages, names, view, connection, client, manager };
    const noteBeat = (): void => {
      if (beaten !== null && view.lastSeq >= beaten.seq) {
        beaten = null;
        since ??= view.lastAt;
      }
    };
    const catchUp = await follow(opened, () => {
      noteBeat();
      onRead();
    });
    return makeLink(opened, {
      end,
      catchUp,
      isOpen: () => isOpen,
      since: () => since,
      noteBeat,
      beaten: () => beaten,
      beat: (seq) => (beaten ??= { seq, at: performance.now() }),
    });
  } catch (error) {
    await end();
    throw error;
  }
};

interface LinkState {
  end(): Promise<void>;
  catchUp(): Promise<void>;
  isOpen(): boolean;
  since(): number | null;
  noteBeat(): void;
  beaten(): { readonly at: number } | null;
  beat(seq: number): unknown;
}

const makeLink = ({ packages, names, parse, connection, client, manager }: Opened, state: LinkState): Link => {
  const { transport, jetstream } = packages;
  const read = (stored: Awaited<ReturnType<typeof manager.streams.getMessage>>): Stored | null => {
    if (stored === null) return null;
    return { seq: stored.seq, record: parse(stored.header.get(recordHeader)), data: stored.data, at: stored.time.getTime() };
  };
  return {
    mostBytes: connection.info?.max_payload ?? 1_048_576,
    get since() {
      return state.since();
    },
    get isOpen() {
      return state.isOpen();
    },
    async write(subject, record, data, { last, name }) {
      const headers = transport.headers();
      if (record !== null) headers.set(recordHeader, writeRecord(record));
      try {
        return await client.publish(subject, data, {
          timeout,
          headers,
          ...(name === undefined ? {} : { msgID: name }),
          ...(last === undefined ? {} : { expect: { lastSubjectSequence: last } }),
        });
      } catch (error) {
        if (error instanceof jetstream.JetStreamApiError && error.code === jetstream.JetStreamApiCodes.StreamWrongLastSequence) return null;
        throw error;
      }
    },
    readAt: async (seq) => read(await manager.streams.getMessage(names.jobs, { seq })),
    readLast: async (stream, subject) => read(await manager.streams.getMessage(stream, { last_by_subj: subject })),
    async remove(seq) {
      await manager.streams.deleteMessage(names.jobs, seq, false).catch((error: unknown) => {
        // Somebody else was first.
        if (!(error instanceof jetstream.JetStreamApiError)) throw error;
      });
    },
    async purge(subject, below) {
      await manager.streams.purge(names.jobs, below === undefined ? { filter: subject } : { filter: subject, seq: below });
    },
    catchUp: () => state.catchUp(),
    async isThere(subject) {
      try {
        await connection.request(subject, nothing, { timeout: closeMs });
        return true;
      } catch (error) {
        // Silence is no proof: whoever is busy answers late.
        return !(error instanceof transport.NoRespondersError || (error instanceof transport.RequestError && error.isNoResponders()));
      }
    },
    answer(subject) {
      connection.subscribe(subject, { callback: (_error, message) => void message.respond() });
    },
    hasBeaten(seq) {
      state.beat(seq);
      state.noteBeat();
      const waits = state.beaten();
      if (waits !== null && performance.now() - waits.at > deafMs) void state.end();
    },
    close: () => state.end(),
  };
};
