// Whom the kernel ends first when the machine has no memory left. Must never be the host: it holds everybody's requests.
import { writeFileSync } from 'node:fs';

/** The highest there is (proc(5), oom_score_adj). Raising it takes no privilege. */
const first = '1000';

/** What runs, reads or bundles an extension goes before anything else on the machine. Elsewhere than on Linux it changes nothing. */
export const makeFirstToGo = (pid: number | undefined): void => {
  if (process.platform !== 'linux' || pid === undefined) return;
  try {
    writeFileSync(`/proc/${String(pid)}/oom_score_adj`, first);
  } catch {
    // It has ended already, or the platform does not let us: the watch on resident memory stands all the same.
  }
};
