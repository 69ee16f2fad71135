// What a case of the catalogue is, and where its tests lie. Must never hold a case.

/** Which of the walls stops it. A case that several stop is told of the outermost one that a test has seen stop it alone. */
export const walls = [
  'kernel',
  'engine',
  'ward',
  'operating system',
  'host',
  'guard',
  'admission',
  'role',
  'assembly',
  'package reader',
  'ledger',
] as const;
export type Wall = (typeof walls)[number];

export interface Case {
  /** Class and number, as in the list of threats that this suite was written from. */
  readonly id: string;
  readonly what: string;
  /** null: out of scope, and `reason` says why. */
  readonly wall: Wall | null;
  /** `key › name`: the file by its key in `files`, and the test or group of tests by a name that its run prints. */
  readonly tests: readonly string[];
  readonly reason: string;
}

export const held = (id: string, what: string, wall: Wall, ...tests: readonly string[]): Case => ({ id, what, wall, tests, reason: '' });
export const out = (id: string, what: string, reason: string): Case => ({ id, what, wall: null, tests: [], reason });

export const files: Readonly<Record<string, string>> = {
  closed: 'test/escape/closed.test.ts',
  patched: 'test/escape/patched-intrinsics.test.ts',
  reaching: 'test/escape/reaching.test.ts',
  handed: 'test/escape/handed-over.test.ts',
  names: 'test/escape/names.test.ts',
  survival: 'test/escape/survival.test.ts',
  load: 'test/escape/survival-load.test.ts',
  process: 'test/escape/ward-process.test.ts',
  wire: 'test/escape/http-wire.test.ts',
  heads: 'test/escape/http-forged-heads.test.ts',
  admission: 'test/escape/database-admission.test.ts',
  role: 'test/escape/database-role.test.ts',
  session: 'test/escape/database-session.test.ts',
  doors: 'test/escape/database-side-doors.test.ts',
  manifests: 'test/escape/packages-manifests.test.ts',
  schemas: 'test/escape/packages-schemas.test.ts',
  frames: 'test/fuzz/frames.test.ts',
  sqlfuzz: 'test/fuzz/sql.test.ts',
  time: 'test/limits/time.test.ts',
  memory: 'test/limits/memory.test.ts',
  offheap: 'test/limits/off-heap.test.ts',
  cpu: 'test/limits/cpu.test.ts',
  calls: 'test/limits/calls.test.ts',
  capacity: 'test/limits/capacity.test.ts',
  bystanders: 'test/limits/bystanders.test.ts',
  fresh: 'test/limits/isolation.test.ts',
  slow: 'test/limits/slow-readers.test.ts',
  swelling: 'test/limits/swelling.test.ts',
  crossing: 'test/isolation/crossing.test.ts',
  guards: 'test/flow/response-guards.test.ts',
  hostile: 'test/flow/hostile.test.ts',
  crowd: 'test/flow/hostile-tenants.test.ts',
  tenants: 'test/flow/tenants.test.ts',
  leases: 'test/flow/leases.test.ts',
  context: 'test/flow/context.test.ts',
  request: 'test/flow/request.test.ts',
  streams: 'test/flow/streams.test.ts',
  hosts: 'test/flow/hosts.test.ts',
  express: 'test/flow/express.test.ts',
  life: 'test/flow/life.test.ts',
  loading: 'test/flow/loading.test.ts',
  loops: 'test/flow/events-loops.test.ts',
  quotas: 'test/flow/quotas.test.ts',
  reload: 'test/flow/reload.test.ts',
  doctor: 'test/flow/doctor.test.ts',
  httpfuzz: 'test/fuzz/http.test.ts',
  pack: 'test/author/pack.test.ts',
  manifestfuzz: 'test/fuzz/manifests.test.ts',
  evtenants: 'test/flow/events-tenants.test.ts',
  parts: 'test/flow/parts.test.ts',
  services: 'test/flow/services.test.ts',
  results: 'test/flow/services-results.test.ts',
  audit: 'test/flow/audit-mode.test.ts',
  consent: 'test/flow/consent.test.ts',
  flowfetch: 'test/flow/fetch.test.ts',
  outage: 'test/flow/database-outage.test.ts',
  dbflow: 'test/flow/database.test.ts',
  trust: 'src/capabilities/database/transactions/transactions.test.ts',
  caps: 'src/capabilities/database/pool/caps.test.ts',
  clean: 'src/capabilities/database/pool/clean.test.ts',
  walls: 'src/capabilities/database/role/walls.test.ts',
  rows: 'src/capabilities/database/role/rows.test.ts',
  rowsec: 'src/capabilities/database/role/row-security.test.ts',
  findings: 'src/capabilities/database/role/findings.test.ts',
  opening: 'src/capabilities/database/role/opening.test.ts',
  rolemade: 'src/capabilities/database/role/role.test.ts',
  tables: 'src/capabilities/database/admission/refused-tables.test.ts',
  syntax: 'src/capabilities/database/admission/refused-syntax.test.ts',
  columns: 'src/capabilities/database/admission/rows-and-columns.test.ts',
  statements: 'src/capabilities/database/admission/limits.test.ts',
  dbguest: 'src/capabilities/database/guest.test.ts',
  dbtold: 'src/capabilities/database/database.test.ts',
  setup: 'src/capabilities/database/setup/setup.test.ts',
  egress: 'src/capabilities/fetch/network.test.ts',
  outside: 'test/escape/egress.test.ts',
  fetchgrant: 'src/capabilities/fetch/fetch.test.ts',
  env: 'src/capabilities/env/env.test.ts',
  logline: 'src/capabilities/log/log.test.ts',
  router: 'src/capabilities/router/router.test.ts',
  headers: 'src/capabilities/headers/headers.test.ts',
  verdict: 'src/bridge/verdict.test.ts',
  nested: 'src/bridge/nested.test.ts',
  refused: 'test/packages/refused-packages.test.ts',
  read: 'test/packages/read-packages.test.ts',
  manifest: 'test/packages/manifest.test.ts',
  effective: 'test/packages/effective.test.ts',
  options: 'test/packages/options.test.ts',
  bundled: 'test/packages/bundled-script.test.ts',
  bundler: 'test/packages/bundler.test.ts',
  compare: 'test/approvals/compare.test.ts',
  twins: 'test/approvals/twins.test.ts',
  disk: 'test/approvals/disk.test.ts',
  approvals: 'test/approvals/approvals.test.ts',
  line: 'test/ledger/line.test.ts',
  fold: 'test/ledger/fold.test.ts',
  writer: 'test/ledger/writer.test.ts',
  unwritten: 'test/ledger/unwritten.test.ts',
  opened: 'test/ledger/open-ledger.test.ts',
  redaction: 'test/ledger/redaction.test.ts',
  complete: 'test/ledger/completeness.test.ts',
  command: 'test/audit/audit-command.test.ts',
  security: 'test/meta/security.test.ts',
  pins: 'test/meta/pins.test.ts',
  mutations: 'test/meta/mutations.test.ts',
};

/** The file and the name that a test is told by. */
export const parseTest = (test: string): { readonly file: string; readonly name: string } => {
  const [key = '', name = ''] = test.split(' › ');
  return { file: files[key] ?? '', name };
};
