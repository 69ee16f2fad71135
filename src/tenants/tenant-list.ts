// Which tenants there are, by the embedder's word: for what no request begins. Must never hold more names than its bound, nor wait for an answer without an end.

export type ListTenants = () => Iterable<string> | AsyncIterable<string> | Promise<Iterable<string>>;

export interface TenantListOptions {
  readonly list: ListTenants;
  /** An answer is asked for anew after so long. */
  readonly cacheMs: number;
  onFailure(error: unknown): void;
  readonly now?: () => number;
}

interface Known {
  readonly names: readonly string[];
  readonly until: number;
}

const mostTenants = 50_000;
const mostChars = 200;
const retryMs = 1_000;
const answerMs = 10_000;

const isName = (name: unknown): name is string =>
  typeof name === 'string' && name !== '' && name.length <= mostChars && name.isWellFormed() && !name.includes('\0');

const isIterable = (value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);

/** What is no name is left out, and told: one bad row must not take every other tenant's schedules with it. */
const readNames = async (list: ListTenants, signal: AbortSignal, onFailure: (error: unknown) => void): Promise<readonly string[]> => {
  const answer: unknown = await list();
  if (!isIterable(answer)) throw new TypeError('tenants() must give a list, an iterable or an async iterable of names');
  const names = new Set<string>();
  let strange = 0;
  for await (const name of answer) {
    if (signal.aborted) break;
    if (!isName(name)) strange += 1;
    else if (names.size === mostTenants && !names.has(name)) {
      onFailure(new RangeError(`tenants() names more than ${String(mostTenants)}; schedules run for the first ones alone`));
      break;
    } else names.add(name);
    if (strange > mostTenants) break;
  }
  if (strange > 0)
    onFailure(
      new TypeError(
        `tenants() gave ${String(strange)} values that are no names of 1 to ${String(mostChars)} characters; they are left out`,
      ),
    );
  return [...names];
};

export class TenantList {
  readonly #options: TenantListOptions;
  readonly #now: () => number;
  #known: Known | null = null;
  #asking: Promise<readonly string[]> | null = null;

  constructor(options: TenantListOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Rejects where nobody says, and nobody has said before. */
  names(): Promise<readonly string[]> {
    if (this.#known !== null && this.#known.until > this.#now()) return Promise.resolve(this.#known.names);
    if (this.#asking !== null) return this.#asking;
    const asking = this.#ask().finally(() => {
      if (this.#asking === asking) this.#asking = null;
    });
    this.#asking = asking;
    return asking;
  }

  /** Asks anew when somebody next wants to know. What was said last stands until then. */
  forget(): void {
    this.#asking = null;
    if (this.#known !== null) this.#known = { ...this.#known, until: Number.NEGATIVE_INFINITY };
  }

  async #ask(): Promise<readonly string[]> {
    const { list, cacheMs, onFailure } = this.#options;
    const late = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const lateness = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        late.abort();
        reject(new Error(`tenants() gave no whole answer within ${String(answerMs)} ms`));
      }, answerMs);
    });
    try {
      const names = await Promise.race([readNames(list, late.signal, onFailure), lateness]);
      this.#known = { names, until: this.#now() + cacheMs };
      return names;
    } catch (error) {
      onFailure(error);
      if (this.#known === null) throw error;
      this.#known = { ...this.#known, until: this.#now() + Math.min(cacheMs, retryMs) };
      return this.#known.names;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** null: the embedder does not say. */
export const openTenantList = (
  { tenants, tenantCacheMs }: { readonly tenants: ListTenants | null; readonly tenantCacheMs: number },
  onFailure: (error: unknown) => void,
): TenantList | null => (tenants === null ? null : new TenantList({ list: tenants, cacheMs: tenantCacheMs, onFailure }));
