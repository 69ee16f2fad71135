// Test harness: a guest in a real isolate booted from a real snapshot of the real bundle. Must end every process it starts.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildGuest, buildPart, guestPartName, guestParts } from '../../sandbox/build.ts';

export interface Answer {
  readonly status: number;
  /** Lower-case name → all values, in order. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  /** How it was given: at once, as head, chunks and end, or by the host because the extension's routes passed it on. */
  readonly form: 'whole' | 'streamed' | 'passed on';
}

export interface RequestSpec {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

interface Message {
  readonly kind: string;
  readonly id: number;
  readonly text?: string | null;
  readonly base64?: string | null;
  readonly status?: number;
  readonly headers?: readonly (string | readonly string[])[];
  readonly value?: unknown;
  readonly error?: GuestError | null;
  readonly more?: boolean;
  readonly level?: string;
}

export interface GuestError {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly stack?: string;
}

const folded = (pairs: readonly (string | readonly string[])[]): Record<string, string[]> => {
  const headers: Record<string, string[]> = {};
  for (let index = 0; index < pairs.length; index += 2) {
    const value = pairs[index + 1] as string | readonly string[];
    (headers[String(pairs[index]).toLowerCase()] ??= []).push(...(typeof value === 'string' ? [value] : value));
  }
  return headers;
};

const bytesOf = (message: Message): Buffer => (message.base64 ? Buffer.from(message.base64, 'base64') : Buffer.from(message.text ?? ''));

export class Guest {
  readonly messages: Message[] = [];
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #waiting = new Set<() => void>();
  #lastId = 0;

  constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    child.on('message', (message: Message) => {
      this.messages.push(message);
      for (const look of [...this.#waiting]) look();
    });
  }

  send(kind: string, id: number, text = '', bytes: Uint8Array | null = null): void {
    this.#child.send({ kind, id, text, base64: bytes === null ? null : Buffer.from(bytes).toString('base64') });
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** The first message that fits, already there or still to come. */
  wait(fits: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`no such message within 5 s; seen: ${JSON.stringify(this.messages.slice(-5))}`));
      }, 5_000);
      const look = (): void => {
        const found = this.messages.find(fits);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Runs the body of an async function (require, app, express) and gives what it returns, as JSON. */
  async run(source: string): Promise<unknown> {
    const id = this.nextId();
    this.send('eval', id, source);
    const { kind, value, error } = await this.wait(
      (message) => message.id === id && (message.kind === 'value' || message.kind === 'threw'),
    );
    if (kind === 'threw')
      throw Object.assign(new Error(error?.message), { name: error?.name ?? 'Error', code: error?.code, guestStack: error?.stack });
    return value;
  }

  /** Starts a request and gives its number. */
  begin({ method = 'GET', path, headers = {}, body }: RequestSpec, mode?: 'text' | 'bytes' | 'stream'): number {
    const id = this.nextId();
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const flat = Object.entries({ host: '127.0.0.1', ...length, ...headers }).flatMap(([name, value]) => [name.toLowerCase(), value]);
    const given = mode ?? (body === undefined ? 'none' : typeof body === 'string' ? 'text' : 'bytes');
    this.send(
      'request',
      id,
      JSON.stringify({ id, method, url: path, headers: flat, mode: given, ...(given === 'text' ? { text: String(body) } : {}) }),
      given === 'bytes' ? Buffer.from(body ?? '') : null,
    );
    return id;
  }

  /** What the guest answered to request `id`; a fall-through to next() is 404, an error passed to it 500 with its message. */
  async answer(id: number): Promise<Answer> {
    const last = await this.wait((message) => message.id === id && ['respond', 'end', 'next', 'threw', 'abort'].includes(message.kind));
    const own = this.messages.filter((message) => message.id === id);
    if (last.kind === 'next')
      return {
        status: last.error ? 500 : 404,
        headers: {},
        body: last.error ? `${last.error.name} ${last.error.code ?? ''}: ${last.error.message}` : '',
        form: 'passed on',
      };
    if (last.kind === 'threw') throw new Error(last.error?.message);
    const head = own.find((message) => message.kind === 'respond' || message.kind === 'head');
    const parts = own.filter((message) => message.kind === 'respond' || message.kind === 'chunk').map(bytesOf);
    return {
      status: head?.status ?? 0,
      headers: folded(head?.headers ?? []),
      body: Buffer.concat(parts).toString('latin1'),
      form: last.kind === 'respond' ? 'whole' : 'streamed',
    };
  }

  request(spec: RequestSpec, mode?: 'text' | 'bytes' | 'stream'): Promise<Answer> {
    return this.answer(this.begin(spec, mode));
  }

  logs(): readonly string[] {
    return this.messages.filter((message) => message.kind === 'log').map((message) => `${message.level}: ${message.text}`);
  }

  async close(): Promise<void> {
    // The only way out that cannot hang with a busy isolate.
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export const openGuest = async (express: 4 | 5): Promise<Guest> => {
  const folder = await mkdtemp(join(tmpdir(), 'cloister-platform-'));
  const outfile = join(folder, 'guest.js');
  await buildGuest({
    express,
    knex: false,
    entry: join(import.meta.dirname, '../../sandbox/platform/testing/stand-in-kernel.ts'),
    outfile,
  });
  await Promise.all(guestParts.map((part) => buildPart(part, join(folder, guestPartName(part)))));
  const child = fork(join(import.meta.dirname, 'isolate-child.ts'), [outfile, folder], {
    execArgv: ['--no-node-snapshot'],
    env: {},
  });
  const guest = new Guest(child, folder);
  await guest.wait((message) => message.kind === 'ready');
  return guest;
};
