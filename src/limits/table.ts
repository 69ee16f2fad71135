// Every limit there is: default, ceiling and unit. docs/limits.md is locked to this table by a test. Must never hold logic.

export interface LimitRow {
  readonly unit: 'ms' | 'MB' | 'bytes' | 'count' | 'per second';
  /** What holds when nobody says otherwise. */
  readonly default: number;
  /** The most an operator's ceiling may be raised to. */
  readonly ceiling: number;
  /** The smallest value that still works. */
  readonly floor: number;
  readonly meaning: string;
}

export const limitTable = {
  cpuMs: {
    unit: 'ms',
    default: 50,
    ceiling: 60_000,
    floor: 1,
    meaning: 'Processor time of one request, summed over all its entries into the isolate.',
  },
  wallMs: {
    unit: 'ms',
    default: 1_000,
    ceiling: 600_000,
    floor: 10,
    meaning: 'Time from the first byte of a request to the last of its response; does not end a stream that flows.',
  },
  streamIdleMs: { unit: 'ms', default: 30_000, ceiling: 600_000, floor: 100, meaning: 'Time a started stream may go without a byte.' },
  replacedMs: {
    unit: 'ms',
    default: 30_000,
    ceiling: 600_000,
    floor: 0,
    meaning: 'Time that what is in flight has to finish on a version that was replaced or taken out.',
  },
  registerMs: {
    unit: 'ms',
    default: 2_000,
    ceiling: 60_000,
    floor: 10,
    meaning: 'Wall time to evaluate the extension and run its register function.',
  },
  memoryMb: { unit: 'MB', default: 64, ceiling: 2_048, floor: 16, meaning: 'Heap of one cell.' },
  wardRssMb: { unit: 'MB', default: 512, ceiling: 8_192, floor: 128, meaning: 'Resident memory of one ward, watched from outside.' },
  concurrentRequests: { unit: 'count', default: 64, ceiling: 4_096, floor: 1, meaning: 'Requests in one cell at once.' },
  queuedRequests: { unit: 'count', default: 128, ceiling: 16_384, floor: 0, meaning: 'Requests waiting for a cell.' },
  ratePerSecond: { unit: 'per second', default: 10_000, ceiling: 1_000_000, floor: 1, meaning: 'Requests of one tenant to one extension.' },
  hostCalls: { unit: 'count', default: 200, ceiling: 100_000, floor: 0, meaning: 'Capability calls of one request.' },
  callsPending: {
    unit: 'count',
    default: 16,
    ceiling: 1_024,
    floor: 1,
    meaning: 'Capability calls of one request that wait for their result at once.',
  },
  callBytes: { unit: 'bytes', default: 1_048_576, ceiling: 67_108_864, floor: 1_024, meaning: 'Arguments of one capability call.' },
  resultBytes: { unit: 'bytes', default: 8_388_608, ceiling: 134_217_728, floor: 1_024, meaning: 'Result of one capability call.' },
  bodyInBytes: { unit: 'bytes', default: 1_048_576, ceiling: 1_073_741_824, floor: 0, meaning: 'Body of a request.' },
  bodyOutBytes: { unit: 'bytes', default: 10_485_760, ceiling: 1_073_741_824, floor: 0, meaning: 'Body of a response.' },
  unsentBytes: {
    unit: 'bytes',
    default: 134_217_728,
    ceiling: 4_294_967_296,
    floor: 65_536,
    meaning: 'Answers of one extension in one tenant that wait for their clients to take them.',
  },
  headerCount: { unit: 'count', default: 64, ceiling: 512, floor: 1, meaning: 'Headers of a response.' },
  headerBytes: { unit: 'bytes', default: 16_384, ceiling: 131_072, floor: 256, meaning: 'Header names and values of a response together.' },
  logLines: { unit: 'count', default: 100, ceiling: 10_000, floor: 0, meaning: 'Log lines of one request.' },
  logBytes: { unit: 'bytes', default: 65_536, ceiling: 16_777_216, floor: 0, meaning: 'Log text of one request.' },
  eventDepth: {
    unit: 'count',
    default: 8,
    ceiling: 32,
    floor: 1,
    meaning: 'Events in one causal chain, each emitted by a listener of the one before.',
  },
  eventsPerRequest: {
    unit: 'count',
    default: 200,
    ceiling: 10_000,
    floor: 0,
    meaning: 'Events emitted by one request, schedule or start and by all that it caused.',
  },
  listenersPerRequest: {
    unit: 'count',
    default: 1_000,
    ceiling: 100_000,
    floor: 0,
    meaning: 'Turns of listeners that one request, schedule or start and all that it caused set going.',
  },
  eventBytes: { unit: 'bytes', default: 1_048_576, ceiling: 16_777_216, floor: 1_024, meaning: 'Payload and meta of one event, as JSON.' },
  listeners: {
    unit: 'count',
    default: 100,
    ceiling: 1_000,
    floor: 0,
    meaning: 'Listeners of one extension in one tenant, schedules among them.',
  },
  concurrentJobs: {
    unit: 'count',
    default: 8,
    ceiling: 1_024,
    floor: 1,
    meaning: 'Listeners of one cell that run at once for actions and schedules.',
  },
  queuedJobs: {
    unit: 'count',
    default: 256,
    ceiling: 16_384,
    floor: 0,
    meaning: 'Events that wait for a listener of one extension in one tenant.',
  },
  timers: { unit: 'count', default: 256, ceiling: 10_000, floor: 0, meaning: 'Timers of one cell at once.' },
} as const satisfies Record<string, LimitRow>;

export type LimitName = keyof typeof limitTable;
export type Limits = Readonly<Record<LimitName, number>>;
