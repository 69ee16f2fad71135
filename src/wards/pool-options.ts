// What a pool of wards is told. Must never hold a default: those are of the configuration.
import type { Program } from './hardening/open-hardening.ts';
import type { Images } from './image.ts';
import type { RecycleTerms } from './recycling.ts';

export interface WardPoolOptions extends RecycleTerms {
  /** How a ward is started. */
  readonly program: Program;
  readonly images: Images;
  readonly max: number;
  readonly perTenant: number;
  readonly cellsPerWard: number;
  readonly spareWards: number;
  readonly spareCells: number;
  readonly maxTextBytes: number;
  readonly maxRawBytes: number;
  readonly bootMs: number;
  /** What all of them may hold together. */
  readonly memoryMb: number;
  /** Boots at once. */
  readonly bootsAtOnce: number;
  weightOf(tenant: string): number;
  /** From now on all wards are started by this process. */
  onNoSpawner(): void;
  /** `pid` 0: it could not be started. */
  onLife(event: WardEvent, pid: number, tenant: string, reason: string): void;
}

export type WardEvent = 'ward.start' | 'ward.kill' | 'ward.exit' | 'ward.sleep' | 'ward.recycle';
