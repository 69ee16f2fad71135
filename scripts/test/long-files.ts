// Which test files are begun first, since one of the longest would run on alone if it were begun last, and which share a process. Must never leave a file out of a run.

export const longFiles: readonly string[] = [
  'test/flow/schedules.test.ts',
  'test/fuzz/frames.test.ts',
  'test/escape/database-role.test.ts',
  'test/flow/database-outage.test.ts',
  'test/setup/pack.test.ts',
  'test/limits/memory.test.ts',
  'test/isolation/two-tenants.test.ts',
  'test/escape/patched-intrinsics.test.ts',
  'test/escape/names.test.ts',
  'test/flow/database-setup.test.ts',
  'test/flow/cli.test.ts',
  'test/jobs/hosts.test.ts',
  'test/check/check-package.test.ts',
  'test/limits/slow-readers.test.ts',
  'test/flow/tenant-grants.test.ts',
  'test/examples/examples.test.ts',
  'test/setup/prepare.test.ts',
  'test/soak/hostile-soak.test.ts',
  'test/escape/reaching.test.ts',
  'test/registry/hosts.test.ts',
  'test/approvals/commands.test.ts',
  'test/soak/database-soak.test.ts',
  'test/approvals/disk.test.ts',
  'test/jobs/contract.test.ts',
  'test/registry/commands.test.ts',
  'test/approvals/approvals.test.ts',
];

const rank = (file: string): number => {
  const at = longFiles.indexOf(file);
  return at < 0 ? longFiles.length : at;
};

/** For sorting: the long ones as they stand above, then the others by name. */
export const longFirst = (left: string, right: string): number => rank(left) - rank(right) || (left < right ? -1 : 1);

const mostInABatch = 6;

/** Where files share a process. Those of other folders count or starve processes, or hold a clock to them. */
const sharing = [
  'sandbox/',
  'src/',
  'test/approvals/',
  'test/audit/',
  'test/author/',
  'test/contract/',
  'test/deploy/',
  'test/flow/',
  'test/ledger/',
  'test/meta/',
  'test/packages/',
  'test/platform/',
  'test/registry/',
];

/** They look for processes of their own: another file's must not be among them. */
const counting: readonly string[] = [
  'test/author/inspect.test.ts',
  'test/flow/doctor.test.ts',
  'test/flow/life.test.ts',
  'test/flow/spawner.test.ts',
];

const isAlone = (file: string): boolean =>
  longFiles.includes(file) || counting.includes(file) || !sharing.some((folder) => file.startsWith(folder));

/** Files that share a process: neighbours by name, as many as leave work for all that run `atOnce`. */
export const makeBatches = (files: readonly string[], atOnce: number): readonly (readonly string[])[] => {
  const most = Math.min(mostInABatch, Math.ceil(files.filter((file) => !isAlone(file)).length / atOnce));
  const batches: string[][] = [];
  let open: string[] = [];
  for (const file of files) {
    if (isAlone(file)) {
      batches.push([file]);
      continue;
    }
    if (open.length === 0) batches.push(open);
    open.push(file);
    if (open.length === most) open = [];
  }
  return batches;
};
