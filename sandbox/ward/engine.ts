// The only door to isolated-vm: another engine must be able to replace it behind this file. Must never hand one of its objects to a guest, nor call a *Sync method on a guest's isolate.
import { createRequire } from 'node:module';
import type IsolatedVm from 'isolated-vm';

// isolated-vm is CommonJS with a native part; the ward is bundled as an ES module.
const ivm = createRequire(import.meta.url)('isolated-vm') as typeof IsolatedVm;

/** What a guest posts: numbers and strings, at most one byte part. All of it is untrusted. */
export type Post = (kind: unknown, lease: unknown, id: unknown, text: unknown, raw: unknown) => void;

/** One isolate booted with kernel and platform, not yet given to an extension. */
export interface Isolate {
  /** Runs one message in the guest, at most `timeoutMs`. Settles when its microtasks are drained; a rejection says nothing about whose fault it was. */
  enter(kind: number, lease: number, id: number, text: string, raw: Uint8Array | string | null, timeoutMs: number): Promise<void>;
  /** Compiles and runs the extension's script. Rejects with the guest's error. */
  load(script: string, timeoutMs: number): Promise<void>;
  /** Nanoseconds its thread has run; readable while it runs. */
  cpuNs(): bigint;
  /** Bytes of heap in use; null where the isolate is gone. Queues behind running entries. */
  heapBytes(): Promise<number | null>;
  isGone(): boolean;
  /** Joins a debugger. Throws where the isolate was not booted for one. */
  inspect(onMessage: (message: string) => void): Inspection;
  dispose(): void;
}

/** A debugger's way to an isolate. Its timeouts do not run while it is paused. */
export interface Inspection {
  send(message: string): void;
  /** Lets it run on. */
  close(): void;
}

export interface EngineOptions {
  /** Costs time and memory, and shows everything: for an author's own machine. */
  readonly inspectable: boolean;
  readonly image: Uint8Array;
  readonly memoryMb: number;
  readonly onPost: Post;
  /** Code of ours that a cell evaluates when it first needs it, by name. */
  readonly parts: ReadonlyMap<string, string>;
  /** The isolate's thread is lost for good, and the process with it. */
  readonly onCatastrophe: (message: string) => void;
}

const atBottom = Promise.resolve();

/** Boots one isolate from the startup image. */
export const bootIsolate = async (options: EngineOptions): Promise<Isolate> => {
  const isolate = new ivm.Isolate({
    memoryLimit: options.memoryMb,
    inspector: options.inspectable,
    snapshot: snapshotOf(options.image),
    onCatastrophicError: options.onCatastrophe,
  });
  const context = await isolate.createContext({ inspector: options.inspectable });
  const post = new ivm.Callback(options.onPost, { ignored: true });
  const parts = new Map(options.parts);
  // Answers at once with a text of ours, each once: the kernel keeps what it got, and to ask for more would only keep the ward's thread busy.
  const part = new ivm.Callback((name: unknown) => {
    const text = typeof name === 'string' ? parts.get(name) : undefined;
    if (typeof name === 'string') parts.delete(name);
    return text ?? '';
  });
  const deliver: IsolatedVm.Reference = await context.evalClosure('return __cloisterBoot($0, $1)', [post, part], {
    result: { reference: true },
  });

  return {
    enter: (kind, lease, id, text, raw, timeoutMs) => {
      const part =
        raw === null || typeof raw === 'string' ? raw : new ivm.ExternalCopy(ownBuffer(raw)).copyInto({ transferIn: true, release: true });
      // Bound, and called by the engine's own job queue: isolated-vm takes a stack trace for each entry, and here there is no frame to pay for.
      return atBottom.then(
        deliver.apply.bind(deliver, undefined, [kind, lease, id, text, part], { timeout: timeoutMs }) as () => Promise<void>,
      );
    },
    load: async (script, timeoutMs) => {
      const compiled = await isolate.compileScript(script, { filename: 'extension.js' });
      await compiled.run(context, { timeout: timeoutMs, release: true });
    },
    cpuNs: () => (isolate.isDisposed ? 0n : isolate.cpuTime),
    heapBytes: async () => {
      if (isolate.isDisposed) return null;
      try {
        return (await isolate.getHeapStatistics()).used_heap_size;
      } catch {
        return null;
      }
    },
    isGone: () => isolate.isDisposed,
    inspect: (onMessage) => {
      const session = isolate.createInspectorSession();
      session.onResponse = (_id, message) => onMessage(message);
      session.onNotification = onMessage;
      return { send: (message) => session.dispatchProtocolMessage(message), close: () => session.dispose() };
    },
    dispose: () => {
      if (!isolate.isDisposed) isolate.dispose();
    },
  };
};

/** Builds a startup image from the guest bundle. Runs trusted code only, in a process of its own. */
export const makeImage = (bundle: string, warmUp: string): Uint8Array => {
  const snapshot = ivm.Isolate.createSnapshot([{ code: bundle, filename: 'cloister:guest' }], warmUp);
  return new Uint8Array(snapshot.copy() as ArrayBuffer);
};

const snapshots = new WeakMap<Uint8Array, IsolatedVm.ExternalCopy<ArrayBuffer>>();

const snapshotOf = (image: Uint8Array): IsolatedVm.ExternalCopy<ArrayBuffer> => {
  const known = snapshots.get(image);
  if (known !== undefined) return known;
  const made = new ivm.ExternalCopy(ownBuffer(image));
  snapshots.set(image, made);
  return made;
};

/** A copy with a buffer of its own: `slice()` of a Node Buffer would be a view of everybody's. */
const ownBuffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
