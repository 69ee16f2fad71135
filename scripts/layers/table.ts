// Which part may import which, as data: imports run one way, and no code crosses between host and guest. Must never read a file.

/** Host layers from the top down. A folder may import itself and every row below its own; folders of one row do not know each other. */
export const hostLayers: readonly (readonly string[])[] = [
  ['cli'],
  ['author'],
  ['index', 'directus'],
  ['open-registry'],
  ['doctor'],
  ['runtime'],
  ['operator', 'runtime-api'],
  ['vitals'],
  ['database', 'records', 'served-view', 'deploying'],
  ['installation'],
  ['http', 'events'],
  ['dispatch', 'check'],
  ['registry'],
  ['approvals'],
  ['packages'],
  ['options'],
  ['wards', 'bridge'],
  ['audit'],
  ['config'],
  ['capabilities'],
  ['tenants'],
  ['telemetry', 'quotas', 'jobs'],
  ['policy', 'ledger'],
  ['limits'],
  ['bridge/host-events', 'bridge/own-listeners', 'bridge/within-lease'],
  ['bridge/capability'],
  ['errors', 'sandbox/protocol'],
];

export interface Edge {
  /** Path of the importing file from the root, with `/`. */
  readonly from: string;
  /** Path of the imported file from the root, or the package's name, or `node:…`. */
  readonly to: string;
  readonly typeOnly: boolean;
}

export interface LayerRule {
  readonly name: string;
  readonly reason: string;
  readonly from: RegExp;
  readonly notFrom?: RegExp;
  readonly to: RegExp;
  readonly notTo?: RegExp;
  /** Leave out `import type`: it brings no code along. */
  readonly valuesOnly?: boolean;
  /** The first groups of `from` and `to` must differ. */
  readonly acrossGroups?: boolean;
}

const guestFile = /^src\/capabilities\/[^/]+\/guest(?:\.ts$|\/)/;

export const layerRules: readonly LayerRule[] = [
  {
    name: 'protocol-imports-nothing',
    reason: 'sandbox/protocol is the one thing both sides share: whatever it imported would cross with it.',
    from: /^sandbox\/protocol\//,
    to: /./,
    notTo: /^sandbox\/protocol\//,
  },
  {
    name: 'host-knows-only-the-protocol',
    reason: 'The host imports nothing of the far side but its protocol: the rest is code for where strangers are.',
    from: /^src\//,
    notFrom: guestFile,
    to: /^sandbox\//,
    notTo: /^sandbox\/protocol\//,
  },
  {
    name: 'host-runs-no-guest-file',
    reason: 'A guest file is code for the isolate; the host has no business running it.',
    from: /^src\//,
    notFrom: guestFile,
    to: guestFile,
  },
  {
    name: 'guest-imports-no-host-code',
    reason: 'Guest code never imports host code, which would stand in the isolate then; of src it may see the guest sides of capabilities.',
    from: /^sandbox\/(kernel|platform|sdk)\//,
    to: /^src\//,
    notTo: guestFile,
  },
  {
    name: 'guest-imports-no-node',
    reason: 'The isolate has no Node built-ins; an import of one means the file runs on the wrong side.',
    from: /^sandbox\/(kernel|platform|sdk)\/|^src\/capabilities\/[^/]+\/guest(?:\.ts$|\/)/,
    to: /^node:|^isolated-vm$/,
  },
  {
    name: 'guest-file-stays-on-its-side',
    reason: 'A guest file is bundled into the isolate: of src it may import the types of its own contract, never host.ts or policy.ts.',
    from: guestFile,
    to: /^src\//,
    notTo: /\/contract\.ts$|\/guest(?:\.ts$|\/)/,
  },
  {
    name: 'guest-file-takes-types-of-contracts',
    reason: 'A contract holds schemas for the host; only its types may come along into the isolate.',
    from: guestFile,
    to: /^src\/capabilities\/[^/]+\/contract\.ts$/,
    valuesOnly: true,
  },
  {
    name: 'ward-imports-no-host-code',
    reason: 'The ward is untrusted to the host and holds nothing of it.',
    from: /^sandbox\/ward\//,
    to: /^src\//,
  },
  {
    name: 'only-the-ward-knows-isolated-vm',
    reason: 'The engine stays behind one small interface, so that another can replace it.',
    from: /./,
    notFrom: /^sandbox\/ward\//,
    to: /^isolated-vm$/,
  },
  {
    name: 'express-only-at-the-edge',
    reason: 'Only src/http may speak an HTTP framework; the rest must run without one.',
    from: /^src\//,
    notFrom: /^src\/http\//,
    to: /^express4?$/,
  },
  {
    name: 'typebox-in-one-file',
    reason: 'typebox is 373 modules, a quarter of the processor time of every start: import `#typebox`, the bundle of it.',
    from: /./,
    to: /^typebox$/,
  },
  {
    name: 'capabilities-never-import-each-other',
    reason: 'A capability is one folder and touches nothing else.',
    from: /^src\/capabilities\/([^/]+)\//,
    to: /^src\/capabilities\/([^/]+)\//,
    acrossGroups: true,
  },
  {
    name: 'capabilities-do-not-know-the-registry',
    reason: 'The registry knows the capabilities, never the other way.',
    from: /^src\/capabilities\/[^/]+\//,
    to: /^src\/capabilities\/[^/]+\.ts$/,
  },
  {
    name: 'policy-is-pure',
    reason: 'A policy decides without I/O, clock or framework: the same call under the same grant always gets the same answer.',
    from: /^src\/(policy\/.*|capabilities\/[^/]+\/policy)\.ts$/,
    to: /^node:|^express4?$|^knex$|^pg$|^pino$|\/host\.ts$/,
  },
];
