// What crosses between the platform's req/res and the kernel. Must never hold behaviour.

export interface RequestHead {
  readonly method: string;
  /** Path and query below the mount's host, as node gives req.url. */
  readonly url: string;
  /** Flat name, value, …: names already lower-case, filtered by the host. */
  readonly headers: readonly string[];
  readonly remoteAddress: string;
  readonly encrypted: boolean;
}

/** How the body of a request comes: at once, in pieces through _push, or not at all. */
export type RequestBody = { readonly text: string } | { readonly bytes: Uint8Array } | 'stream' | null;

/** Flat name, value(s), … as the guest spelled them. */
export type HeaderPairs = readonly (string | readonly string[])[];

export interface ResponseSink {
  /** The whole answer at once: end() came before anything was flushed. body null = none. */
  respond(status: number, headers: HeaderPairs, body: string | Uint8Array | null): void;
  head(status: number, headers: HeaderPairs): void;
  /** false: the host asks to wait; the kernel calls response._drain() later. */
  chunk(data: string | Uint8Array): boolean;
  end(): void;
  /** The guest destroyed the response: what was sent is to be cut off. */
  abort?(): void;
}
