// What an embedder's own listeners are to the bus. Must never hold logic.

/** On whose behalf an extension emitted: facts of the host. */
export interface OwnListenerOrigin {
  readonly extension: string;
  readonly tenant: string;
  /** Never null: to much code null means every right. */
  readonly accountability: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
}

/** An embedder's own listeners. What they fire by `runtime.events` stands in the chain of who emitted. */
export interface OwnListeners {
  /** Resolves with the payload it leaves. */
  filter(event: string, payload: unknown, meta: Readonly<Record<string, unknown>>, origin: OwnListenerOrigin): Promise<unknown>;
  action(event: string, meta: Readonly<Record<string, unknown>>, origin: OwnListenerOrigin): void | Promise<void>;
}
