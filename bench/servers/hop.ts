// Messages between the host thread and the worker thread of peer `worker`, many per crossing. Must never delay one past the current tick.

export interface HopRequest {
  readonly id: number;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

export interface HopResponse {
  readonly id: number;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly body: string | Uint8Array;
}

/** Collects what is sent in one turn of the event loop into one message. */
export const makeOutbox = <Message>(post: (batch: readonly Message[]) => void): ((message: Message) => void) => {
  let batch: Message[] = [];
  const flush = (): void => {
    const full = batch;
    batch = [];
    post(full);
  };
  return (message) => {
    if (batch.push(message) === 1) setImmediate(flush);
  };
};
