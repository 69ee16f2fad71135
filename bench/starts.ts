// How long a host's event loop stands still while a ward is started: by its own fork, and by the spawner. Must never count what a ward does once it runs.
import { openProgram } from './child.ts';

export interface StartRow {
  /** Resident, of the host. */
  readonly hostMb: number;
  readonly samples: number;
  readonly directMs: number;
  readonly spawnerMs: number;
  readonly directMaxMs: number;
  readonly spawnerMaxMs: number;
}

export const measureStarts = async (samples: number, hostsMb: readonly number[]): Promise<readonly StartRow[]> => {
  const rows: StartRow[] = [];
  for (const hostMb of hostsMb) {
    const host = await openProgram<StartRow>({ file: 'servers/starts.ts', args: [String(hostMb), String(samples)] });
    rows.push(host.ready);
    await host.close();
  }
  return rows;
};
