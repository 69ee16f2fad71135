// Whole answers that wait a moment for the end of the entry they were given in, so that both cross as one frame. Must never hold one for longer than that moment.
import { IdTable } from '../protocol/id-table.ts';
import { toHost } from '../protocol/kinds.ts';
import type { WardIo } from './ward.ts';

interface Held {
  readonly lease: number;
  readonly text: string;
  readonly part: string | Uint8Array | null;
  readonly bytes: number;
}

/** An extension that goes on working after its answer must not keep its client waiting. */
const mostMs = 1;

export class HeldAnswers {
  readonly #write: WardIo['write'];
  readonly #held = new IdTable<Held>();
  #timer: NodeJS.Timeout | null = null;
  #bytes = 0;

  constructor(write: WardIo['write']) {
    this.#write = write;
  }

  /** Of all that are here. */
  get bytes(): number {
    return this.#bytes;
  }

  hold(lease: number, text: string, part: string | Uint8Array | null): void {
    const bytes = Buffer.byteLength(text) + (part === null ? 0 : Buffer.byteLength(part));
    this.#held.set(lease, { lease, text, part, bytes });
    this.#bytes += bytes;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.flush();
    }, mostMs);
  }

  /** Nothing of the lease runs any more: its answer says so too, where it is still here. */
  settle(lease: number, cpuUs: number, heapGrowth: number): void {
    const held = this.#held.get(lease);
    if (held === undefined) return this.#write(toHost.settled, lease, cpuUs, heapGrowth, '', null);
    this.#held.delete(lease);
    this.#bytes -= held.bytes;
    this.#write(toHost.respond, lease, cpuUs + 1, heapGrowth, held.text, held.part);
  }

  /** Before anything is said that may end a cell or its ward: an answer that was given stays given. */
  flush(): void {
    if (this.#held.size === 0) return;
    for (const { lease, text, part } of this.#held.values()) this.#write(toHost.respond, lease, 0, 0, text, part);
    this.#held.clear();
    this.#bytes = 0;
  }
}
