// Puts on record what happens beside requests: packages, wards, cells, events, schedules. Must never fail who tells it, nor let a guest fill the ledger by what it repeats.
import { ledgerBounds } from './bounds.ts';
import type { Ledger, LedgerRecord, LifeEvent } from './entry.ts';
import { makeFold } from './fold.ts';

type LifeRecord = Extract<LedgerRecord, { readonly kind: 'life' }>;

export interface LifeLog {
  record(event: LifeEvent, extension: string, tenant: string, subject: string, reason: string): void;
  /** Which version and script an extension's id stands for from now on. */
  know(extension: string, identity: { readonly version: string; readonly artifact: string }): void;
  /** Writes the counts of what was repeated. */
  close(): void;
}

/** What a guest can cause as often as it likes, without a request of its own. */
const repeatable: ReadonlySet<LifeEvent> = new Set(['call.stray', 'event.refused', 'event.dropped', 'schedule.missed', 'schedule.overlap']);

const keyOf = ({ event, extension, tenant, subject, reason }: LifeRecord): string =>
  JSON.stringify([event, extension, tenant, subject, reason]);
const othersOf = (record: LifeRecord): LifeRecord => ({ ...record, subject: '', reason: 'others of the same event' });
const nobody = { version: '', artifact: '' };

export const openLifeLog = (ledger: Ledger, onFailure: (error: unknown) => void): LifeLog => {
  const known = new Map<string, { readonly version: string; readonly artifact: string }>();
  const attempt = (write: () => void): void => {
    try {
      write();
    } catch (error) {
      onFailure(error);
    }
  };
  const fold = makeFold<LifeRecord>((record) => ledger.append(record), keyOf, othersOf);
  const timer = setInterval(() => attempt(() => fold.flush()), ledgerBounds.foldMs.value);
  timer.unref();
  return {
    know: (extension, { version, artifact }) => void known.set(extension, { version, artifact }),
    record(event, extension, tenant, subject, reason) {
      const { version, artifact } = known.get(extension) ?? nobody;
      const record: LifeRecord = { kind: 'life', event, extension, version, artifact, tenant, request: '', subject, reason };
      attempt(() => (repeatable.has(event) ? fold.add(record) : ledger.append(record)));
    },
    close() {
      clearInterval(timer);
      attempt(() => fold.flush());
    },
  };
};
