// One connection that logged in as an extension's role. Must never be given on while something of its last statement is left.
import type { Client, Submittable } from 'pg';
import { databaseBounds } from '../bounds.ts';
import type { DatabaseAddress } from '../resource.ts';
import type { CallerIdentity, CallerValues } from './caller-identity.ts';
import { cancelBackend } from './cancel.ts';
import { type PortalPiece, PortalStep, type PortalStepRequest } from './portal-step.ts';
import { type Prepared, Statement, type StatementOutcome, type StatementRequest } from './statement.ts';

/** How long the server may take to end a cancelled statement, or a connection, before the socket is cut. */
const endMs = 1_000;

/** Over the byte cap. The connection is gone. */
export class ByteCapError extends Error {}
/** The connection ended under the statement. */
export class ConnectionLostError extends Error {}

/** The server threw a prepared statement away, or its result's shape changed: before anything ran. */
const isStale = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === '26000' || (error.code === '0A000' && 'routine' in error && error.routine === 'RevalidateCachedQuery'));

/** A text of our own, or what was admitted to one tenant: statements are prepared for nobody else. */
type PrepareKey = string | object;

export class RoleConnection {
  readonly #client: Client;
  readonly #address: DatabaseAddress;
  readonly #onEnd: (connection: RoleConnection) => void;
  /** Least recently used first. */
  readonly #prepared = new Map<PrepareKey, Prepared>();
  /** Names to be closed with the next statement. */
  #closing: string[] = [];
  #nextName = 0;
  /** Where row rules depend on who calls. */
  #identity: CallerIdentity | undefined;
  #opened = false;
  #ended = false;
  #bytes = 0;
  #maxBytes = 0;
  #fail: ((error: unknown) => void) | undefined;
  /** Milliseconds, for the pool. */
  idleSince = 0;
  /** Told when the server says nothing though it has to: the network is cut, most likely, and for other connections as well. */
  onSilence: (() => void) | undefined;
  #isSilent = false;

  private constructor(client: Client, address: DatabaseAddress, onEnd: (connection: RoleConnection) => void) {
    this.#client = client;
    this.#address = address;
    this.#onEnd = onEnd;
  }

  static async open(
    client: Client,
    address: DatabaseAddress,
    onEnd: (connection: RoleConnection) => void,
    register?: (client: Client) => Promise<CallerIdentity>,
  ): Promise<RoleConnection> {
    const connection = new RoleConnection(client, address, onEnd);
    client.on('error', (error) => connection.#end(error));
    client.on('end', () => connection.#end(new ConnectionLostError('the connection ended')));
    // The driver's own timeout ends with the login.
    const timer = setTimeout(() => client.connection.stream.destroy(), databaseBounds.connectMs.value + databaseBounds.registerMs.value);
    try {
      await client.connect();
      connection.#identity = await register?.(client);
    } catch (error) {
      client.connection.stream.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    connection.#opened = true;
    // Counts what arrives, whole or not: one row of a gigabyte must not be gathered before it is looked at.
    client.connection.stream.on('data', (chunk: Buffer) => connection.#count(chunk.length));
    return connection;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Nothing has to be said to the server before statements of this caller. */
  isFor(caller: CallerValues): boolean {
    return this.#identity?.isEntered(caller) ?? true;
  }

  /** From now on statements are this caller's. Where the server does not take that, the connection ends. */
  async enter(caller: CallerValues): Promise<void> {
    if (this.isFor(caller)) return;
    const timer = this.#watch(databaseBounds.enterMs.value);
    try {
      await this.#identity?.enter(this.#client, caller);
    } catch (error) {
      this.destroy(new ConnectionLostError('the connection is nobody’s'));
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Runs one statement. By `prepareAs` it is kept prepared on this connection for the next time. */
  async run(request: StatementRequest, maxBytes: number, prepareAs: PrepareKey | null): Promise<StatementOutcome> {
    const key = request.text.length <= databaseBounds.preparedChars.value ? prepareAs : null;
    try {
      return await this.#submit(request, maxBytes, key);
    } catch (error) {
      if (key === null || this.#ended || !isStale(error)) throw error;
      this.#unprepare(key);
      return await this.#submit(request, maxBytes, null);
    }
  }

  /** Reads one piece through a portal. Only inside a transaction: without one the portal ends with its first piece. */
  readPiece(request: PortalStepRequest, maxBytes: number): Promise<PortalPiece> {
    return this.#perform<PortalPiece>(maxBytes, (settle) => new PortalStep(request, settle));
  }

  #submit(request: StatementRequest, maxBytes: number, key: PrepareKey | null): Promise<StatementOutcome> {
    return this.#perform<StatementOutcome>(maxBytes, (settle) => {
      const prepared = key === null ? undefined : this.#prepare(key);
      const closing = this.#closing;
      this.#closing = [];
      return new Statement(request, prepared, closing, (error, outcome) => {
        // Whether it got as far as being prepared is not known.
        if (key !== null && outcome === undefined && this.#prepared.get(key)?.fieldsJson === undefined) this.#unprepare(key);
        settle(error, outcome);
      });
    });
  }

  /** One exchange with the server, from its first byte until it is ready again. */
  #perform<Outcome>(
    maxBytes: number,
    make: (settle: (error: unknown, outcome: Outcome | undefined) => void) => Submittable,
  ): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(new ConnectionLostError('the connection ended'));
      this.#bytes = 0;
      this.#maxBytes = maxBytes;
      const finish = (): void => {
        this.#fail = undefined;
        this.#maxBytes = 0;
      };
      this.#fail = (error) => {
        finish();
        reject(error);
      };
      const settle = (error: unknown, outcome: Outcome | undefined): void => {
        if (outcome !== undefined) {
          finish();
          resolve(outcome);
        } else if (this.#ended || this.#client.connection.stream.destroyed) {
          this.#fail?.(error);
        } else {
          // A failed statement is over only when the server says it is ready again, or has gone; its error is the one to tell.
          this.#fail = () => {
            finish();
            reject(error);
          };
          this.#client.once('drain', () => this.#fail?.(error));
        }
      };
      this.#client.query(make(settle));
    });
  }

  #prepare(key: PrepareKey): Prepared {
    const known = this.#prepared.get(key);
    this.#nextName += 1;
    const prepared = known ?? { name: `c${String(this.#nextName)}`, fieldsJson: undefined };
    this.#prepared.delete(key);
    this.#prepared.set(key, prepared);
    const [oldest] = this.#prepared.keys();
    if (this.#prepared.size > databaseBounds.prepared.value && oldest !== undefined) this.#unprepare(oldest);
    return prepared;
  }

  #unprepare(key: PrepareKey): void {
    const prepared = this.#prepared.get(key);
    if (prepared === undefined) return;
    this.#prepared.delete(key);
    this.#closing.push(prepared.name);
  }

  #count(bytes: number): void {
    if (this.#maxBytes === 0) return;
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) this.destroy(new ByteCapError());
  }

  /** true: outside any transaction, as a connection must be that is given on. */
  get settled(): boolean {
    return !this.#ended && this.#client.getTransactionStatus() === 'I';
  }

  /** Back to what it was after login. */
  async reset(): Promise<void> {
    this.#prepared.clear();
    this.#closing = [];
    const timer = this.#watch(databaseBounds.enterMs.value);
    try {
      await this.#client.query('discard all');
    } finally {
      clearTimeout(timer);
    }
  }

  fallSilent(): void {
    this.#isSilent = true;
    this.onSilence?.();
  }

  /** For exchanges of our own: without an answer in time the connection ends. */
  #watch(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.fallSilent();
      this.destroy(new ConnectionLostError('the server says nothing'));
    }, ms);
  }

  /** Cancels what runs in the server and gives the connection up: a late cancel must not hit the next statement. */
  async cancel(): Promise<void> {
    if (this.#ended) return;
    if (this.#isSilent) {
      void cancelBackend(this.#client, this.#address);
      return this.destroy(new ConnectionLostError('the server says nothing'));
    }
    const over = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, endMs);
      this.#client.once('drain', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    await cancelBackend(this.#client, this.#address);
    await over;
    this.destroy(new ConnectionLostError('the statement was cancelled'));
  }

  /** Cancels what runs in the server, and leaves the rest to whoever waits for it. */
  async interrupt(): Promise<void> {
    if (!this.#ended) await cancelBackend(this.#client, this.#address);
  }

  /** Cuts the connection at once. */
  destroy(reason: Error): void {
    if (this.#ended) return;
    this.#client.connection.stream.destroy();
    this.#end(reason);
  }

  /** Says goodbye to the server. Only for a connection that is idle. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const goodbye = this.#client.end();
    this.#end(new ConnectionLostError('the connection was closed'));
    // A server that is gone does not answer a goodbye.
    const timer = setTimeout(() => this.#client.connection.stream.destroy(), endMs);
    await goodbye;
    clearTimeout(timer);
  }

  #end(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#fail?.(error);
    if (this.#opened) this.#onEnd(this);
  }
}
