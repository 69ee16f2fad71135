// Which ends of calls are ends of `fetch`: an end does not say what it is the end of. Must never keep a request that has ended.
import type { LedgerRecord } from './entry.ts';

export class FetchEnds {
  /** Calls of `fetch` that have not ended, by request. */
  readonly #open = new Map<string, Set<number>>();

  /** Bytes that the extension was given, where the record is such an end; else 0. */
  take(record: LedgerRecord): number {
    const { request } = record;
    if (record.kind === 'call.start' && record.capability === 'fetch' && record.decision !== 'deny')
      this.#open.set(request, (this.#open.get(request) ?? new Set()).add(record.call));
    else if (record.kind === 'call.end') {
      const calls = this.#open.get(request);
      if (calls?.delete(record.call) !== true) return 0;
      // A registration has no end of its own.
      if (calls.size === 0) this.#open.delete(request);
      return record.received ?? record.bytes;
    }
    if (record.kind === 'request.end') this.#open.delete(request);
    return 0;
  }
}
