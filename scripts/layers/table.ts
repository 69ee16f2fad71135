// Which part may import which: DESIGN §6 as data. Must never read a file.

/** Host layers from the top down. A folder may import itself and every row below its own; folders of one row do not know each other. */
export const hostLayers: readonly (readonly string[])[] = [
  ['cli', 'console'],
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
  ['bridge/host-events', 'bridge/own-listeners'],
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
    reason: 'The host imports nothing of the far side but its protocol (DESIGN §9.1).',
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
    reason: 'Guest code never imports host code (DESIGN §9.1); of src it may see the guest sides of capabilities.',
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
    reason: 'The engine stays behind one small interface, so that another can replace it (DESIGN §1).',
    from: /./,
    notFrom: /^sandbox\/ward\//,
    to: /^isolated-vm$/,
  },
  {
    name: 'express-only-at-the-edge',
    reason: 'Only src/http and src/console speak HTTP frameworks; the rest must run without one.',
    from: /^src\//,
    notFrom: /^src\/(http|console)\//,
    to: /^express4?$/,
  },
  {
    name: 'capabilities-never-import-each-other',
    reason: 'A capability is one folder and touches nothing else (DESIGN §3).',
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
    reason: 'A policy decides without I/O, clock or framework (DESIGN §9.5).',
    from: /^src\/(policy\/.*|capabilities\/[^/]+\/policy)\.ts$/,
    to: /^node:|^express4?$|^knex$|^pg$|^pino$|\/host\.ts$/,
  },
];
