// Puts on record what happens beside requests: packages, wards, cells, events, schedules. Must never fail who tells it, nor let a guest fill the ledger by what it repeats.
import { ledgerBounds } from './bounds.ts';
import type { Ledger, LedgerRecord, LifeEvent } from './entry.ts';
import { makeFold } from './fold.ts';

type LifeRecord = Extract<LedgerRecord, { readonly kind: 'life' }>;

export interface LifeSubject {
  readonly id: string;
  readonly version: string;
  readonly artifact: string;
}

export interface LifeLog {
  /** Of a version, or of the one that a name stands for. */
  record(event: LifeEvent, extension: string | LifeSubject, tenant: string, subject: string, reason: string): void;
  /** Its id stands for this version from now on. */
  know(extension: LifeSubject): void;
  /** The same, where the id stands for none yet. */
  introduce(extension: LifeSubject): void;
  /** Writes the counts of what was repeated. */
  close(): void;
}

/** What a guest can cause as often as it likes, without a request of its own. */
const repeatable: ReadonlySet<LifeEvent> = new Set([
  'call.stray',
  'event.refused',
  'event.dropped',
  'job.again',
  'schedule.missed',
  'schedule.overlap',
]);

const keyOf = ({ event, extension, tenant, subject, reason }: LifeRecord): string =>
  JSON.stringify([event, extension, tenant, subject, reason]);
const othersOf = (record: LifeRecord): LifeRecord => ({ ...record, subject: '', reason: 'others of the same event' });

const nothing = { version: '', artifact: '' };

export const openLifeLog = (ledger: Ledger, onFailure: (error: unknown) => void): LifeLog => {
  const known = new Map<string, LifeSubject>();
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
    know: ({ id, version, artifact }) => void known.set(id, { id, version, artifact }),
    introduce: ({ id, version, artifact }) => {
      if (!known.has(id)) known.set(id, { id, version, artifact });
    },
    record(event, about, tenant, subject, reason) {
      const named = typeof about === 'string' ? about : about.id;
      const { id: extension, version, artifact } = typeof about === 'string' ? (known.get(named) ?? { id: named, ...nothing }) : about;
      const record: LifeRecord = { kind: 'life', event, extension, version, artifact, tenant, request: '', subject, reason };
      attempt(() => (repeatable.has(event) ? fold.add(record) : ledger.append(record)));
    },
    close() {
      clearInterval(timer);
      attempt(() => fold.flush());
    },
  };
};
