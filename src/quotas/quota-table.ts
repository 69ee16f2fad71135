// What may be limited over time, and in which unit. Data; must hold no code.

export interface QuotaRow {
  readonly unit: string;
  readonly meaning: string;
}

export const quotaTable = {
  requests: { unit: 'count', meaning: 'Requests of clients that were let in.' },
  cpuMs: { unit: 'ms', meaning: 'Processor time in cells.' },
  rows: { unit: 'count', meaning: 'Rows that calls read or wrote.' },
  bodyKb: { unit: 'KB', meaning: 'Bodies of answers.' },
  fetchKb: { unit: 'KB', meaning: 'Results of `fetch`.' },
} as const satisfies Record<string, QuotaRow>;

export type QuotaName = keyof typeof quotaTable;
export const quotaNames = Object.keys(quotaTable) as readonly QuotaName[];

/** So much in a window that begins with the first use and is so long. */
export interface QuotaRule {
  readonly most: number;
  readonly perSeconds: number;
}

export type QuotaRules = Readonly<Partial<Record<QuotaName, QuotaRule>>>;

/** `tenant`: for all its extensions together; `extension`: for each of them alone. */
export interface Quotas {
  readonly tenant?: QuotaRules;
  readonly extension?: QuotaRules;
}
