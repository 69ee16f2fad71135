// Which ledger the command line reads when none is named. Must never be opened for writing by what reads it.

/** Where `npm start` keeps it. */
export const defaultLedger = '.cloister/ledger.ndjson';
