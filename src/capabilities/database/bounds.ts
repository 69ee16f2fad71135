// How much one statement may be, and one extension may hold, where no grant says. docs/limits.md is locked to it by a test. Must never hold logic.

export const databaseBounds = {
  sqlBytes: { unit: 'bytes', value: 65_536, meaning: 'Text of one statement. Parsing it is host time that no lease pays for.' },
  bindings: { unit: 'count', value: 65_535, meaning: "Bindings of one statement: what PostgreSQL's Bind message can count." },
  nesting: {
    unit: 'count',
    value: 1_000,
    meaning: 'Bound on the nesting of a text before it is parsed; under a half of what overflows the parser.',
  },
  keptChars: {
    unit: 'characters',
    value: 33_554_432,
    meaning:
      'Texts whose verdicts are kept, of all tenants together; each counts for 512 more. Over it, who has more than an equal share loses the oldest.',
  },
  tenantKeptChars: { unit: 'characters', value: 4_194_304, meaning: 'The same of one tenant.' },
  keptIdleMs: {
    unit: 'ms',
    value: 600_000,
    meaning: 'Time without a statement after which the verdicts of a tenant are forgotten, at the latest after twice as long.',
  },
  treeDepth: { unit: 'count', value: 500, meaning: 'Levels of the parse tree; a chain of operators or unions makes one per link.' },
  rows: { unit: 'count', value: 10_000, meaning: 'Rows of one result where the grant has no maxRows.' },
  statementMs: {
    unit: 'ms',
    value: 5_000,
    meaning: 'Time of one statement where the grant has no statementMs; never more than the lease has left.',
  },
  callsPerRequest: {
    unit: 'count',
    value: 1_000,
    meaning: 'Statements of one request where the grant has no callsPerRequest; the limit hostCalls holds beside it.',
  },
  rowsPerRequest: {
    unit: 'count',
    value: 100_000,
    meaning: 'Rows that the statements of one request read or change together where the grant has no rowsPerRequest.',
  },
  ownTables: { unit: 'count', value: 64, meaning: "Tables that one tenant of an extension has in the extension's own schema." },
  ownRelations: { unit: 'count', value: 512, meaning: 'The same of tables, indexes and sequences together.' },
  silenceMs: {
    unit: 'ms',
    value: 1_000,
    meaning: 'Time past its timeout after which a statement is given up although the server says nothing.',
  },
  describeFreshMs: {
    unit: 'ms',
    value: 15_000,
    meaning: 'Age from which the description of the granted tables is read again in the background.',
  },
  describeAgainMs: { unit: 'ms', value: 1_000, meaning: 'How soon a wish for a fresh description is heard again.' },
  connections: { unit: 'count', value: 4, meaning: 'Connections of one extension from one host.' },
  hostConnections: {
    unit: 'count',
    value: 10,
    meaning:
      'Connections of the host itself: registering, the ledger, quotas, one for describing and setting up, two for the registry and four for jobs.',
  },
  hosts: {
    unit: 'count',
    value: 8,
    meaning: "Hosts one database is planned for: the role's connection limit is this many times one host's.",
  },
  waiting: { unit: 'count', value: 1_024, meaning: 'Statements of one extension that wait for a connection.' },
  tenantWaiting: {
    unit: 'count',
    value: 256,
    meaning: 'The same of one tenant, so that one cannot fill the queue: sixteen requests with all their calls pending.',
  },
  transactionMs: {
    unit: 'ms',
    value: 30_000,
    meaning: 'Time of one transaction or stream, also where its lease lasts longer: its connection is missing to all others.',
  },
  transactionIdleMs: {
    unit: 'ms',
    value: 3_000,
    meaning: 'Time a transaction or stream may go without a statement; under what the server itself allows it.',
  },
  savepoints: { unit: 'count', value: 64, meaning: 'Savepoints of one transaction at once: what PostgreSQL keeps without a look on disk.' },
  streams: { unit: 'count', value: 16, meaning: 'Streams of one lease at once, as many as its calls may be pending.' },
  firstPieceRows: { unit: 'count', value: 32, meaning: 'Rows of the first piece of a stream: how wide they are is not known yet.' },
  pieceRows: { unit: 'count', value: 1_000, meaning: 'Rows of one piece of a stream, at most.' },
  pieceBytes: {
    unit: 'bytes',
    value: 262_144,
    meaning: 'What a piece of a stream is held to, going by the rows before: the host has one in memory for each stream.',
  },
  idleMs: { unit: 'ms', value: 10_000, meaning: 'Time after which an idle connection is closed.' },
  connectMs: { unit: 'ms', value: 10_000, meaning: 'Time in which the server has to let a new connection in.' },
  waitMs: {
    unit: 'ms',
    value: 10_000,
    meaning: 'Time a statement waits for a connection of its extension, a new one included; then it is told that there is none.',
  },
  adminMs: {
    unit: 'ms',
    value: 15_000,
    meaning: "Time of one of the host's own statements (setting up, describing, schedules, the ledger); over `lock_timeout` there.",
  },
  registerMs: {
    unit: 'ms',
    value: 5_000,
    meaning: 'Time in which a new connection has to be registered with the server, where row rules ask who calls.',
  },
  enterMs: { unit: 'ms', value: 2_000, meaning: 'Time in which the server has to take on whose behalf a connection works.' },
  prepared: { unit: 'count', value: 100, meaning: 'Prepared statements kept on one connection.' },
  preparedChars: {
    unit: 'characters',
    value: 4_096,
    meaning: 'Text of a statement that is kept prepared; a longer one is sent whole each time.',
  },
  lockMs: { unit: 'ms', value: 2_000, meaning: 'Time a statement waits for a lock.' },
  tempFileKb: { unit: 'KB', value: 262_144, meaning: 'Temporary files of one session, where the connection may set it.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
