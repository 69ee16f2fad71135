// How much a queue of jobs holds, and how long anything in it may take. docs/limits.md is locked to it by a test. Must never hold logic.

export const jobBounds = {
  jobBytes: { unit: 'bytes', value: 1_048_576, meaning: 'One job: an event with its meta, its accountability and its chain.' },
  openJobs: {
    unit: 'count',
    value: 10_000,
    meaning: 'Jobs of one tenant that wait or run, where its row in `cloister.job_tenants` says nothing else; one more is refused.',
  },
  openBytes: { unit: 'bytes', value: 67_108_864, meaning: 'All of these together.' },
  running: { unit: 'count', value: 64, meaning: 'Jobs that one host runs at once.' },
  runningOfTenant: { unit: 'count', value: 16, meaning: 'Of these, those of one tenant.' },
  attempts: { unit: 'count', value: 5, meaning: 'How often a job is begun before it is put with the dead.' },
  backOffMs: { unit: 'ms', value: 1_000, meaning: 'Until the second attempt; four times as long before each one after that.' },
  mostBackOffMs: { unit: 'ms', value: 300_000, meaning: 'The longest of these waits.' },
  passMs: { unit: 'ms', value: 2_000, meaning: 'How long a job that one host gave back waits for others; for that host, twice as long.' },
  beatMs: { unit: 'ms', value: 1_000, meaning: 'How often a host says that it is there, and looks for work that nobody told it of.' },
  holdMs: { unit: 'ms', value: 15_000, meaning: 'After so long without a beat, what a host ran is given to others.' },
  quietMs: { unit: 'ms', value: 3_000, meaning: 'The same where PostgreSQL sees that the host’s session has ended.' },
  runMs: { unit: 'ms', value: 900_000, meaning: 'The longest one attempt may take, whatever limits say.' },
  statementMs: { unit: 'ms', value: 5_000, meaning: 'One statement of the queue’s own.' },
  waiting: { unit: 'count', value: 2_000, meaning: 'Statements that wait for one of the queue’s connections; more are refused.' },
  keptMs: { unit: 'ms', value: 600_000, meaning: 'How long the id of a job that is done is remembered, so that it is not taken twice.' },
  unclaimedMs: { unit: 'ms', value: 86_400_000, meaning: 'A job that nobody has run for so long is put with the dead.' },
  deadMs: { unit: 'ms', value: 604_800_000, meaning: 'How long the dead are kept.' },
  deadOfTenant: { unit: 'count', value: 10_000, meaning: 'Dead jobs of one tenant; the oldest go.' },
  lateMs: { unit: 'ms', value: 60_000, meaning: 'A schedule’s run that nobody has begun so long after it was due is missed.' },
  lateAgainMs: { unit: 'ms', value: 600_000, meaning: 'The same for a run that was begun on a host that was lost.' },
  tenantLateMs: {
    unit: 'ms',
    value: 3_600_000,
    meaning:
      'The same for a tenant’s run where `tenants` says for whom schedules run, but not past the next due time: it waits for other tenants’.',
  },
  roundPerSecond: {
    unit: 'count',
    value: 500,
    meaning: 'Tenants for which one host puts a schedule’s run in a second, of all due times together.',
  },
  roundsOfExtension: {
    unit: 'count',
    value: 4,
    meaning: 'Due times of one extension whose tenants’ runs one host puts at once; others wait.',
  },
  roundMs: {
    unit: 'ms',
    value: 300_000,
    meaning: 'Time after a due time in which that may be begun and done; half of `keptMs` at the most, so that none is put twice.',
  },
  stepMs: {
    unit: 'ms',
    value: 25,
    meaning: 'Over NATS: how long a job is left to each host whose turn it is before this one, of four at most.',
  },
  followed: {
    unit: 'count',
    value: 200_000,
    meaning: 'Over NATS: jobs of all tenants that wait, run or are dead, of which each host knows; one more is refused.',
  },
  reasonChars: { unit: 'characters', value: 500, meaning: 'What is kept of why a job failed.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
