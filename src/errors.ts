// The one error class and the one table of codes. docs/errors.md is locked to this table by a test. Must never hold logic.

/** Every code Cloister answers with: HTTP status and the meaning a client or author reads. */
export const errorTable = {
  // Requests: what a client may see.
  ERR_BODY_MALFORMED: { status: 400, meaning: 'The request body does not parse as its content type says.' },
  ERR_REQUEST_INVALID: { status: 400, meaning: 'The request line, path or headers are not well-formed.' },
  ERR_TOKEN_REFUSED: { status: 401, meaning: 'What was asked for needs the operator’s token.' },
  ERR_ROUTE_NOT_FOUND: {
    status: 404,
    meaning: 'No extension is mounted there, or its router has no such route, and the host has no further handler.',
  },
  ERR_BODY_TOO_LARGE: { status: 413, meaning: 'The request body is over the limit bodyInBytes.' },
  ERR_QUOTA_EXCEEDED: { status: 429, meaning: 'The tenant, or the extension in it, has used up a quota; Retry-After says until when.' },
  ERR_RATE_EXCEEDED: { status: 429, meaning: 'More requests per second than ratePerSecond allows.' },
  ERR_GUEST_FAILED: { status: 500, meaning: 'The extension threw, or answered with something that is not a valid response.' },
  ERR_INTERNAL: { status: 500, meaning: 'A fault of Cloister itself; the ledger and the log have the details.' },
  ERR_RESPONSE_INVALID: { status: 502, meaning: 'The extension answered with a status, header or frame that may not leave the host.' },
  ERR_RESPONSE_TOO_LARGE: { status: 502, meaning: 'The response is over bodyOutBytes, headerCount or headerBytes.' },
  ERR_CAPACITY_EXCEEDED: { status: 503, meaning: 'No cell is free for the request and its queue is full.' },
  ERR_CELL_LOST: {
    status: 503,
    meaning: 'The cell was ended by another request; this one had begun to have effects and was not run again.',
  },
  ERR_EXTENSION_PARKED: { status: 503, meaning: 'The extension kept failing; it is parked until its back-off ends.' },
  ERR_EXTENSION_UNAVAILABLE: { status: 503, meaning: 'The extension could not be started for this request.' },
  ERR_EXTENSION_REPLACED: {
    status: 503,
    meaning: 'The request still ran when the version it ran on had been replaced for longer than replacedMs.',
  },
  ERR_TENANT_UNAVAILABLE: { status: 503, meaning: 'The host could not find out what the tenant has.' },
  ERR_RUNTIME_CLOSED: { status: 503, meaning: 'The host is shutting down.' },
  ERR_CPU_EXCEEDED: { status: 504, meaning: 'The request used more processor time than cpuMs.' },
  ERR_DEADLINE_EXCEEDED: { status: 504, meaning: 'The request took longer than wallMs, or a stream was idle longer than streamIdleMs.' },
  ERR_MEMORY_EXCEEDED: { status: 507, meaning: 'The request took its cell over memoryMb, or its ward over wardRssMb.' },
  ERR_WARD_CRASHED: { status: 507, meaning: 'The request ended the process it ran in.' },

  // Calls: what a guest may see as the error of a capability call.
  ERR_ARGUMENT_INVALID: { status: 400, meaning: 'The arguments of a capability call do not fit their schema.' },
  ERR_CAPABILITY_DENIED: { status: 403, meaning: 'The grant does not allow this call; the message names the rule.' },
  ERR_CAPABILITY_NOT_GRANTED: { status: 403, meaning: 'The extension was not granted this capability at all.' },
  ERR_METHOD_UNKNOWN: { status: 400, meaning: 'The capability has no such method.' },
  ERR_LEASE_OVER: { status: 410, meaning: 'The request this call belongs to has ended.' },
  ERR_CALLS_EXCEEDED: {
    status: 429,
    meaning: 'The request made more capability calls than hostCalls, or had more pending than callsPending.',
  },
  ERR_LOG_EXCEEDED: { status: 429, meaning: 'The request wrote more than logLines or logBytes.' },
  ERR_CALL_FAILED: { status: 500, meaning: 'The capability failed on the host; the message says what the guest may know.' },
  ERR_EVENT_LOOP: {
    status: 508,
    meaning:
      'The event is already in its own causal chain, or the chain is over eventDepth, eventsPerRequest or listenersPerRequest; the message prints the chain.',
  },
  ERR_DATABASE_FAILED: { status: 500, meaning: 'PostgreSQL refused or failed the statement; `extensions.sqlState` holds its SQLSTATE.' },
  ERR_DATABASE_UNAVAILABLE: {
    status: 503,
    meaning:
      'The database, or a connection to it, cannot be had now: it restarts, the network was cut, or too much waits; the same call may succeed later.',
  },
  ERR_STORE_FULL: { status: 507, meaning: 'The extension’s own store would hold more than maxKeys or maxBytes.' },
  ERR_EGRESS_BLOCKED: {
    status: 403,
    meaning: 'The request to the outside, or a redirect of it, leads where no grant does or to an address that is not public.',
  },
  ERR_EGRESS_FAILED: {
    status: 502,
    meaning: 'The other side could not be reached, broke off, or answered with more than the grant takes.',
  },
  ERR_LEDGER_UNAVAILABLE: { status: 503, meaning: 'The request or the call could not be recorded, and what has no record is refused.' },
  ERR_JOBS_UNAVAILABLE: {
    status: 503,
    meaning: 'An action could not be written down for its listeners, so it was refused and none of them runs.',
  },

  // Start-up and loading: what an operator sees.
  ERR_OPTIONS_INVALID: { status: 500, meaning: 'Options or configuration file do not fit their schema.' },
  ERR_MANIFEST_INVALID: { status: 500, meaning: 'The `cloister` key of a package does not fit its schema.' },
  ERR_PACKAGE_INVALID: { status: 500, meaning: 'The folder is not an extension package that can be read.' },
  ERR_ARCHIVE_INVALID: { status: 500, meaning: 'The file is no archive of a package, or was changed since it was signed.' },
  ERR_ARCHIVE_UNTRUSTED: { status: 500, meaning: 'The archive of a package is not signed, or by a key that is not trusted.' },
  ERR_PACKAGE_BUNDLE: { status: 500, meaning: 'The extension could not be bundled: syntax error, missing or circular import.' },
  ERR_APPROVAL_NEEDED: {
    status: 500,
    meaning: 'The package is parked: it is not the one that was approved, or none was; an approved version goes on serving.',
  },
  ERR_LOCK_INVALID: { status: 500, meaning: 'The approvals in the lock or the table do not fit their schema, or were edited by hand.' },
  ERR_ARTIFACT_INVALID: { status: 500, meaning: 'The approved script that was kept is not there, or its SHA-256 is another.' },
  ERR_DEPLOYMENT_UNKNOWN: { status: 404, meaning: 'The registry has no such extension or release.' },
  ERR_PREVIOUS_MISSING: { status: 409, meaning: 'There is no earlier version to roll back to.' },
  ERR_DEPLOYMENT_CHANGED: { status: 409, meaning: 'Another version serves by now than the one that was to be rolled back.' },
  ERR_CANARY_INVALID: { status: 409, meaning: 'That cannot be a canary: its share, or what it would stand beside.' },
  ERR_CANARY_MISSING: { status: 409, meaning: 'The extension has no canary, or another one by now.' },
  ERR_REGISTRY_INVALID: {
    status: 500,
    meaning: 'What the registry holds does not fit its schema, is gone, or is older than what serves.',
  },
  ERR_REGISTRY_UNAVAILABLE: { status: 503, meaning: 'The registry cannot be read or written now; what is served goes on.' },
  ERR_EXTENSION_CONFLICT: { status: 500, meaning: 'Two extensions want the same id.' },
  ERR_REGISTER_FAILED: { status: 500, meaning: 'The register function threw, hung or ran over registerMs.' },
  ERR_DATABASE_UNSAFE: { status: 500, meaning: 'The database connection would void the second wall.' },
  ERR_HARDENING_MISSING: { status: 500, meaning: 'A measure that wards.hardening requires is not to be had on this machine.' },
  ERR_ENGINE_UNSUPPORTED: { status: 500, meaning: 'The Node or isolated-vm of the ward is not one Cloister runs hostile code on.' },
  ERR_ALREADY_RUNNING: { status: 500, meaning: 'Another `npm start` serves from this folder.' },
  ERR_WARD_PROTOCOL: { status: 500, meaning: 'A ward sent a frame that it may not send; the ward was ended.' },
} as const satisfies Record<`ERR_${string}`, { readonly status: number; readonly meaning: string }>;

export type ErrorCode = keyof typeof errorTable;

/** An error with a code of {@link errorTable}. `details` is data that may be shown to whoever gets the error. */
export class CloisterError extends Error {
  override readonly name = 'CloisterError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = errorTable[code].status;
    this.details = details;
  }
}

/** An error of a service in its own words: it crosses as data in the shape Directus gives its errors, and never with a stack or a cause. */
export class RelayedError extends Error {
  override readonly name = 'DirectusError';
  readonly code: string;
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, status: number, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** What of an error a client may see; a CloisterError is one. An extension's own errors bring codes of their own. */
export interface PublicError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ErrorBody {
  readonly errors: readonly { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> }[];
}

/** The JSON body of an error answer, in the shape Directus clients know. */
export const makeErrorBody = (error: PublicError): ErrorBody => ({
  errors: [{ message: error.message, extensions: { ...error.details, code: error.code } }],
});
