// Booted isolates waiting for an extension, so that a cold cell is not a cold boot. Must never hand out an isolate twice.
import { bootIsolate, type Isolate, type Post } from './engine.ts';

/** An isolate whose posts go nowhere until it has an owner. */
export interface Spare {
  readonly isolate: Isolate;
  own(onPost: Post, onCatastrophe: (message: string) => void): void;
}

export class SparePool {
  readonly #image: Uint8Array;
  readonly #parts: ReadonlyMap<string, string>;
  readonly #inspectable: boolean;
  readonly #onFailure: (reason: string) => void;
  /** Memory limit in MB → how many to keep. */
  readonly #wanted = new Map<number, number>();
  readonly #kept = new Map<number, Spare[]>();
  #filling = false;

  constructor(image: Uint8Array, parts: ReadonlyMap<string, string>, inspectable: boolean, onFailure: (reason: string) => void) {
    this.#image = image;
    this.#parts = parts;
    this.#inspectable = inspectable;
    this.#onFailure = onFailure;
  }

  want(memoryMb: number, count: number): void {
    this.#wanted.set(memoryMb, count);
    this.#fill();
  }

  /** A spare if there is one, else boots. */
  async take(memoryMb: number): Promise<Spare> {
    const spare = this.#kept.get(memoryMb)?.pop();
    // The next one is booted only once this one is in use: its boot must not compete with the request that waits.
    setTimeout(() => this.#fill(), refillAfterMs);
    return spare ?? (await bootSpare(this.#image, this.#parts, memoryMb, this.#inspectable));
  }

  #fill(): void {
    if (this.#filling) return;
    const missing = [...this.#wanted].find(([memoryMb, count]) => (this.#kept.get(memoryMb)?.length ?? 0) < count);
    if (missing === undefined) return;
    const [memoryMb] = missing;
    this.#filling = true;
    bootSpare(this.#image, this.#parts, memoryMb, this.#inspectable).then(
      (spare) => {
        this.#filling = false;
        const kept = this.#kept.get(memoryMb) ?? [];
        kept.push(spare);
        this.#kept.set(memoryMb, kept);
        this.#fill();
      },
      (error: unknown) => {
        this.#filling = false;
        this.#onFailure(String(error));
      },
    );
  }
}

const refillAfterMs = 5;

const bootSpare = async (image: Uint8Array, parts: ReadonlyMap<string, string>, memoryMb: number, inspectable: boolean): Promise<Spare> => {
  let post: Post = () => undefined;
  let catastrophe: (message: string) => void = () => undefined;
  const isolate = await bootIsolate({
    image,
    parts,
    memoryMb,
    inspectable,
    onPost: (kind, lease, id, text, raw) => post(kind, lease, id, text, raw),
    onCatastrophe: (message) => catastrophe(message),
  });
  return {
    isolate,
    own: (onPost, onCatastrophe) => {
      post = onPost;
      catastrophe = onCatastrophe;
    },
  };
};
