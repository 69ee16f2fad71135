// The kinds of frames and guest messages, in one place for host, ward and kernel. Must never hold more than numbers and shapes; imports nothing.

/** Host to ward. The comment names what `id`, `a`, `b`, text and raw hold; what is not named is 0 or empty. */
export const toWard = {
  /** text: the parts that a cell evaluates when it first needs them, as JSON (name → source); raw: the startup image every cell of this ward boots from. */
  image: 1,
  /** id: how many booted cells to keep at hand; a: their memory limit in MB. */
  spares: 2,
  /** id: cell; a: lease of its registration; b: registerMs; text: CellHead as JSON; raw: script, UTF-8. */
  open: 3,
  /** id: cell. Its requests are over or lost; end it. */
  close: 4,
  /** id: lease; a: cell; b: body mode + 4 × milliseconds to its deadline; text: RequestHead as JSON; raw: body. */
  request: 5,
  /** id: lease; raw: the next piece of a streamed request body. */
  body: 6,
  /** id: lease; the streamed body is complete (a = 0) or broke off (a = 1). */
  bodyEnd: 7,
  /** id: call; a: lease; b: 2 × cell, plus 1 for a result; text: JSON of the result or the error; raw: bytes that come with a result. */
  result: 8,
  /** id: lease; a: bytes of the response stream the client has taken. */
  credit: 9,
  /** id: lease. The host has ended it: deadline, client gone, answer too large. */
  cancel: 10,
  /** id: lease; a: cell; b: milliseconds to its deadline; text: JobHead as JSON. What does not come from a client: an event, a schedule. */
  job: 11,
  /** id: cell; a: one of {@link inspectSteps}; text: a debugger's message as JSON. Only to a ward that was started for it. */
  inspect: 12,
} as const;

/** Ward to host. */
export const toHost = {
  /** text: versions as JSON. The ward is up and can boot cells. */
  ready: 1,
  /** id: cell; a: microseconds of CPU; text: Registered as JSON. Registration is done. */
  opened: 2,
  /** id: cell; text: {message} as JSON. Registration failed; the cell is ended. */
  openFailed: 3,
  /** id: cell; a: guilty lease or 0; b: an index of {@link cellEnds}. The cell is gone. */
  ended: 4,
  /** id: lease; text: ResponseHead as JSON; raw: whole body; a: 0, or microseconds of CPU plus one where nothing of it runs any more, and b as in `settled`: none follows then. */
  respond: 5,
  /** id: lease; text: ResponseHead as JSON. A streamed answer begins. */
  head: 6,
  /** id: lease; raw: the next piece of the response body. */
  chunk: 7,
  /** id: lease. A streamed answer is complete. */
  end: 8,
  /** id: lease. The extension's router did not answer. */
  next: 9,
  /** id: lease; text: GuestFault as JSON. The extension failed before it answered. */
  fault: 10,
  /** id: call; a: lease; b: cell; text: [capability, method, args] as JSON; raw: bytes that go with it. */
  call: 11,
  /** a: lease; b: cell; text: [capability, method, args] as JSON. No answer is wanted. */
  send: 12,
  /** id: lease; a: microseconds of CPU; b: heap growth in KB, plus one, or 0 when it was not sampled. No entry of it runs any more. */
  settled: 13,
  /** id: lease; a: an index of {@link breaches}; b: milliseconds of CPU used. The ward stopped it; its cell takes no more requests when the entry was terminated. */
  breach: 14,
  /** id: cell; a: lease, or 0 when it has ended. It has run for a while; whose fault it is should the ward die now. */
  busy: 15,
  /** id: lease; a: bytes of the streamed request body the guest has taken. */
  taken: 16,
  /** id: lease; text: what the job gave, as JSON; empty where it gave nothing. */
  done: 17,
  /** id: cell; text: a message to its debugger, as JSON. */
  inspected: 18,
} as const;

/** What `inspect` is about: a debugger comes, says something, goes. */
export const inspectSteps = { open: 0, message: 1, close: 2 } as const;

/** Ways a cell ends by itself. `disposed`: an entry outran its timeout and the cell could still be ended; `stuck`: it could not, and the ward goes with it. */
export const cellEnds = ['closed', 'memory', 'disposed', 'catastrophe', 'stuck', 'fault'] as const;
export type CellEnd = (typeof cellEnds)[number];

/** What a ward stops a lease for. The first two by charge, the last two by terminating its entry. */
export const breaches = ['cpu', 'wall', 'cpu-terminated', 'wall-terminated'] as const;
export type Breach = (typeof breaches)[number];

export const bodyModes = { none: 0, text: 1, bytes: 2, stream: 3 } as const;

/** Ward to guest: the first argument of deliver(kind, lease, id, text, bytes). */
export const toGuest = {
  configure: 1,
  register: 2,
  request: 3,
  body: 4,
  bodyEnd: 5,
  result: 6,
  credit: 7,
  cancel: 8,
  timer: 9,
  job: 10,
} as const;

/** Guest to ward: the first argument of post(kind, lease, id, text, bytes). */
export const fromGuest = {
  registered: 1,
  registerFailed: 2,
  respond: 3,
  head: 4,
  chunk: 5,
  end: 6,
  next: 7,
  fault: 8,
  call: 9,
  send: 10,
  arm: 11,
  taken: 12,
  done: 13,
} as const;

/** How an extension is set up in a cell: parsed by the kernel. */
export interface CellHead {
  readonly extension: string;
  readonly memoryMb: number;
  readonly cpuMs: number;
  readonly kernel: KernelConfig;
}

export interface KernelConfig {
  /** What a register function that is exported alone is for. */
  readonly kind: 'endpoint' | 'hook';
  /** The id an endpoint is mounted at unless it names one itself. */
  readonly fallbackId: string;
  /** Not null: its code is written for Directus's sandbox, and may call these functions of `directus:api`. */
  readonly directusApi: readonly string[] | null;
  /** 32 bytes of entropy in hex. */
  readonly seed: string;
  /** Capability name → what its host side hands over at boot. A name that is missing is not granted. */
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly limits: KernelLimits;
}

/** The limits the kernel keeps by itself, so that a breach is a clean error. The ward and the host keep them again. */
export interface KernelLimits {
  readonly hostCalls: number;
  readonly callsPending: number;
  readonly callBytes: number;
  readonly bodyOutBytes: number;
  readonly headerBytes: number;
  readonly logLines: number;
  readonly logBytes: number;
  readonly timers: number;
  readonly listeners: number;
  readonly eventBytes: number;
}

/** A request as the kernel sees it. */
export interface RequestHead {
  readonly method: string;
  readonly url: string;
  /** What the host had already taken off the path when the runtime was mounted below `/`. */
  readonly baseUrl: string;
  /** Flat: name, value, name, value; names in lower case. */
  readonly headers: readonly string[];
  readonly ip: string;
  readonly ips: readonly string[];
  readonly encrypted: boolean;
  readonly accountability: Readonly<Record<string, unknown>> | null;
}

/** What an extension may listen for. Filters change a payload, actions hear of what happened, inits of a start; a schedule's event is its cron pattern. */
export const channels = ['filter', 'action', 'init', 'schedule'] as const;
export type Channel = (typeof channels)[number];

/** A listener as the host knows it: its number in its cell, what it listens for. */
export type ListenerFact = readonly [id: number, channel: Channel, event: string];

/** What a register function has done, posted once as JSON. */
export interface Registered {
  readonly mounts: readonly string[];
  readonly hooks: number;
  readonly listeners: readonly ListenerFact[];
}

/** One listener's turn. */
export interface JobHead {
  readonly channel: Channel;
  readonly listener: number;
  /** What the listener said it listens for; `event` is what came. */
  readonly listensFor: string;
  readonly event: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly accountability: Readonly<Record<string, unknown>> | null;
  /** Of a filter: missing where there is none. */
  readonly payload?: unknown;
}

/** Status, then name, value(s), name, value(s). */
export type ResponseHead = readonly (number | string | readonly string[])[];

/** An error the extension did not handle. `errors` is set where it was a DirectusError: its public body. */
export interface GuestFault {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** For the log, never for the client. */
  readonly stack?: string;
}
