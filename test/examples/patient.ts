// `cloister` as the examples get it in the tests: itself, with the time of a busy machine. Must never change what an example shows.
import { type CloisterOptions, createRuntime as open, type Runtime, auditMeter as read } from '../../src/index.ts';

export const auditMeter = read;
export const createRuntime = (options: CloisterOptions): Promise<Runtime> =>
  open({ ...options, limits: { registerMs: 60_000, cpuMs: 2_000, wallMs: 30_000, ...options.limits } });
