// Makes system calls under the filter of wards that no ward may make. Must try them without it as well: what the machine forbids anyway proves nothing.
import { filterCalls, giveUpPrivileges } from './calls.ts';
import { type Call, findPerl } from './launcher.ts';
import { tryCalls } from './probe.ts';
import { numberOf, type Processor } from './system-calls.ts';

/** With arguments that do no harm where they are allowed. */
const calls: Readonly<Record<string, readonly number[]>> = {
  ptrace: [0, 0, 0, 0],
  socket: [16, 3, 0],
  io_uring_setup: [0, 0],
  unshare: [0],
  userfaultfd: [0],
  keyctl: [0, -3, 0],
  perf_event_open: [0, 0, 0, 0, 0],
  bpf: [0, 0, 0],
  process_vm_readv: [1, 0, 0, 0, 0, 0],
  memfd_create: [0, 0],
  personality: [0],
};
const refused = new Set([1, 38]);

/** `broken`: what the filter should have refused. `tried`: what it did refuse. */
export const tryForbidden = async (): Promise<{ readonly tried: readonly string[]; readonly broken: readonly string[] }> => {
  const perl = findPerl();
  if (perl === null) return { tried: [], broken: [] };
  const processor = process.arch as Processor;
  const groups = new Map<string, readonly Call[]>();
  for (const [name, args] of Object.entries(calls)) {
    const number = numberOf(name, processor);
    if (number === null) continue;
    const call: Call = { number, args };
    groups.set(`free-${name}`, [call]).set(`held-${name}`, [...giveUpPrivileges(processor), ...filterCalls(processor), call]);
  }
  const answers = await tryCalls(perl, groups);
  const tried = Object.keys(calls).filter((name) => !refused.has(answers.get(`free-${name}`) ?? 1));
  return { tried, broken: tried.filter((name) => !refused.has(answers.get(`held-${name}`) ?? 0)) };
};
