// What the ledger records. Must never hold a guest's values: names, counts and digests only.

/** Who an entry is about. Empty where it is about nobody: a ward belongs to no extension, a start to no request. */
export interface LedgerSubject {
  readonly extension: string;
  readonly version: string;
  /** SHA-256 of the script that runs. */
  readonly artifact: string;
  readonly tenant: string;
  readonly request: string;
  /** Where no client is behind a request: what emitted, and the events that led to it. */
  readonly chain?: string;
}

/** Where an entry stands for so many that were like one before it. */
interface Folded {
  readonly repeats?: number;
}

/** What happened, before sequence, time and hash are put on it. */
export type LedgerRecord = LedgerSubject &
  (
    | {
        /** Stands before the first entry of a request but its end: nothing a request does is on record before the request. One that did nothing has its end alone. */
        readonly kind: 'request.start';
        readonly method: string;
        readonly path: string;
      }
    | {
        readonly kind: 'request.end';
        readonly method: string;
        readonly path: string;
        readonly status: number;
        readonly outcome: string;
        readonly cpuMs: number;
        readonly wallMs: number;
        readonly calls: number;
        readonly bytesIn: number;
        readonly bytesOut: number;
        readonly heapGrowthKb: number | null;
        readonly logLines: number;
        readonly logBytes: number;
      }
    | ({
        readonly kind: 'call.start';
        readonly call: number;
        /** The call for which the host made this one. */
        readonly cause?: number;
        readonly capability: string;
        readonly method: string;
        readonly args: Readonly<Record<string, unknown>>;
        readonly digest: string;
        /** `would-deny`: it went on, up to the ceiling; `rule` names what would have decided. */
        readonly decision: 'allow' | 'deny' | 'would-deny';
        readonly rule: string;
        /** The rule by which the approval's candidate would deny it. */
        readonly candidate?: string;
      } & Folded)
    | {
        readonly kind: 'call.end';
        readonly call: number;
        readonly outcome: string;
        readonly rows: number;
        readonly bytes: number;
        /** Of a call that went on after its result: bytes of the body that came, and of the one that left. */
        readonly received?: number;
        readonly sent?: number;
        readonly wallMs: number;
      }
    | ({
        readonly kind: 'limit';
        readonly limit: string;
        readonly allowed: number;
        readonly used: number;
      } & Folded)
    | ({
        readonly kind: 'life';
        readonly event: LifeEvent;
        readonly subject: string;
        readonly reason: string;
      } & Folded)
  );

export type LifeEvent =
  | 'runtime.start'
  | 'runtime.close'
  | 'ledger.torn'
  | 'ledger.gap'
  | 'package.found'
  | 'package.refused'
  | 'package.loaded'
  | 'package.limits'
  | 'package.granted'
  | 'package.approved'
  | 'package.upgraded'
  | 'package.parked'
  | 'package.removed'
  | 'canary.start'
  | 'canary.return'
  | 'operator.approve'
  | 'operator.revoke'
  | 'operator.deploy'
  | 'ward.start'
  | 'ward.kill'
  | 'ward.exit'
  | 'ward.sleep'
  | 'ward.recycle'
  | 'cell.boot'
  | 'cell.end'
  | 'call.stray'
  | 'event.refused'
  | 'event.dropped'
  | 'job.again'
  | 'job.dead'
  | 'schedule.missed'
  | 'schedule.overlap'
  | 'extension.suspect'
  | 'extension.parked'
  | 'extension.released';

/** A record as it stands in the ledger: one NDJSON line. `hash` = SHA-256 over the line without it; `previous` chains it. */
export type LedgerEntry = LedgerRecord & {
  readonly sequence: number;
  readonly time: string;
  readonly previous: string;
  readonly hash: string;
};

/** Where the chain stands: keep it somewhere else, and cutting lines off the end of the file shows too. */
export interface LedgerHead {
  /** 0 before the first entry. */
  readonly sequence: number;
  readonly hash: string;
}

export interface Ledger {
  /** Throws ERR_LEDGER_UNAVAILABLE where what begins now could not be kept. */
  check(): void;
  /** Adds one entry, synchronously into the chain; throws ERR_LEDGER_UNAVAILABLE when it cannot be kept. What ends is taken as long as there is room: its client has been answered. */
  append(record: LedgerRecord): void;
  /** The latest entries, oldest first. */
  recent(): readonly LedgerEntry[];
  head(): LedgerHead;
  /** Resolves when everything appended so far was handed to the operating system, the table and the embedder's function; rejects with ERR_LEDGER_UNAVAILABLE. */
  flush(): Promise<void>;
  /** The same for the file, or for the table where there is no file: what a host that is killed leaves behind. null: nobody has to wait. */
  kept(): Promise<void> | null;
  /** Somebody has to: {@link Ledger.kept} gives something to wait for. */
  readonly writesAhead: boolean;
  /** Writes out what is buffered and closes the file. Rejects when the disk refuses it to the end: the message says how much is lost. */
  close(): Promise<void>;
}
