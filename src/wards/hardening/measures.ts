// What each measure does and why it may be missing, as data. Must never promise more than the measure holds.
import type { MeasureName } from '../../config/hardening.ts';

/** In a few words, for a line at start. */
export const measureTexts: Readonly<Record<MeasureName, string>> = {
  permission: "node's permission model: no other files, no processes, no workers",
  user: 'a user of its own without rights',
  limits: 'limits on files, processes, cores and queues',
  network: 'a network namespace without a network',
  files: 'Landlock: the kernel opens nothing for it but its own program',
  calls: 'seccomp: no sockets, processes, tracing, writing or signals to others',
};

export interface MeasureReport {
  readonly measure: MeasureName;
  readonly active: boolean;
  /** Why not; empty where it is. */
  readonly cause: string;
  readonly remedy: string;
}

/** What to do where the kernel refuses a measure. */
export const measureRemedies: Readonly<Record<MeasureName, string>> = {
  permission: 'run wards on Node 24 or newer',
  user: "make the folders of Cloister and of the wards' Node readable for everybody, or name another wards.user",
  limits: 'look at the limits (ulimit -H) the host was started with',
  network:
    'let unprivileged processes make user namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns; in a container its seccomp profile), or take the network away from the container',
  files: 'run Linux 5.13 or newer with landlock among its security modules (lsm=landlock,…)',
  calls: 'run a kernel with seccomp filters (CONFIG_SECCOMP_FILTER) on x64 or arm64',
};

/** The members of the one line at start. */
export const sayHardening = (
  reports: readonly MeasureReport[],
  hardened: boolean,
): { readonly hardened: boolean; readonly active: readonly MeasureName[]; readonly missing: Readonly<Record<string, string>> } => ({
  hardened,
  active: reports.filter(({ active }) => active).map(({ measure }) => measure),
  missing: Object.fromEntries(reports.filter(({ active }) => !active).map(({ measure, cause }) => [measure, cause])),
});
