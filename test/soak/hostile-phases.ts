// Who asks in the long soak: neighbours at a steady pace, and the hostile beside them where they are let in. Must never look away from a fault it counted.
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../helpers/client.ts';
import type { Phase } from './hostile-report.ts';
import { type Asked, askNeighbour, canary, type NeighbourName, neighbourNames } from './hostile-traffic.ts';

/** A neighbour asks once in so long, whether it has its answer or not. */
const periodMs = 250;
/** One hostile request to so many of the neighbours'. */
const neighboursPerHostile = 9;
const hostileAtOnce = 6;
const sampleMs = 2_000;
const nanosecondsPerMs = 1e6;
const mostFaults = 1_000;

type Histograms = Readonly<Record<NeighbourName, RecordableHistogram>>;
type Phases = Readonly<Record<NeighbourName, Phase>>;

const makeHistograms = (): Histograms =>
  Object.fromEntries(neighbourNames.map((name) => [name, createHistogram({ figures: 3 })])) as unknown as Histograms;

export interface Traffic {
  readonly client: Client;
  readonly hostile: () => Asked;
  /** Hears every two seconds how far a phase is. */
  readonly onSample: (phase: string, sinceMs: number) => Promise<void>;
}

export class HostilePhases {
  readonly #traffic: Traffic;
  readonly faults: string[] = [];
  readonly answers = new Map<string, Map<string, number>>();
  readonly #failed = new Map<string, number>();
  #histograms: Histograms = makeHistograms();
  #asked = 0;
  #hostileSent = 0;
  #hostileLive = 0;
  readonly #running = new Set<Promise<void>>();

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
  }

  /** Of the latest phase. */
  get neighboursAsked(): number {
    return this.#asked;
  }

  get hostileSent(): number {
    return this.#hostileSent;
  }

  /** Neighbours, and the hostile where `mixed`, for so long. */
  async run(name: string, durationMs: number, mixed: boolean): Promise<Phases> {
    this.#histograms = makeHistograms();
    this.#failed.clear();
    this.#asked = 0;
    const began = performance.now();
    const end = began + durationMs;
    let sampled = began;
    for (let round = 0; performance.now() < end; round += 1) {
      for (const neighbour of neighbourNames) this.#track(this.#askNeighbour(askNeighbour(neighbour, round), neighbour));
      if (mixed) this.#sendHostile();
      const now = performance.now();
      if (now - sampled >= sampleMs) {
        sampled = now;
        this.#track(this.#traffic.onSample(name, now - began));
      }
      // What is late is not caught up with: a burst would be a load nobody asked for.
      await sleep(Math.max(1, began + (round + 1) * periodMs - performance.now()));
    }
    await Promise.all(this.#running);
    return Object.fromEntries(neighbourNames.map((neighbour) => [neighbour, this.#phaseOf(neighbour)])) as unknown as Phases;
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  async #askNeighbour({ path, options }: Asked, neighbour: NeighbourName): Promise<void> {
    this.#asked += 1;
    const began = performance.now();
    const status = await this.#traffic.client.request(path, options).then(
      (reply) => (reply.status === 200 ? null : `${String(reply.status)} ${reply.text.slice(0, 200)}`),
      (error: Error) => error.message,
    );
    this.#histograms[neighbour].record(Math.max(1, Math.round((performance.now() - began) * nanosecondsPerMs)));
    if (status === null) return;
    this.#failed.set(neighbour, (this.#failed.get(neighbour) ?? 0) + 1);
    this.#fault(`neighbour ${neighbour}: ${status}`);
  }

  /** As many as are due, as far as there is room for them. */
  #sendHostile(): void {
    while (this.#hostileLive < hostileAtOnce && this.#hostileSent * neighboursPerHostile < this.#asked) {
      this.#hostileSent += 1;
      this.#hostileLive += 1;
      this.#track(this.#attack(this.#traffic.hostile()).finally(() => (this.#hostileLive -= 1)));
    }
  }

  async #attack({ name, path, options }: Asked): Promise<void> {
    const answer = await this.#traffic.client.request(path, options).then(
      (reply) => {
        if (reply.text.includes(canary)) this.#fault(`${path}: the canary is in the answer`);
        return reply.status === 200 ? '200' : `${String(reply.status)} ${reply.code}`;
      },
      () => (options.signal?.aborted === true ? 'its client left' : 'cut off'),
    );
    const counts = this.answers.get(name) ?? new Map<string, number>();
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
    this.answers.set(name, counts);
  }

  #fault(text: string): void {
    if (this.faults.length < mostFaults) this.faults.push(text);
  }

  #phaseOf(neighbour: NeighbourName): Phase {
    const histogram = this.#histograms[neighbour];
    return {
      requests: histogram.count,
      failed: this.#failed.get(neighbour) ?? 0,
      p50Ms: histogram.percentile(50) / nanosecondsPerMs,
      p99Ms: histogram.percentile(99) / nanosecondsPerMs,
      maxMs: histogram.max / nanosecondsPerMs,
    };
  }
}
