// Modules that no file holds: the identity functions of the two SDKs, and the entry of a bundle in source form. Must never hold behaviour.

/** For sources that import the SDK only to be typed and do not bring it along. */
export const directusSdkSource = [
  'Interface',
  'Display',
  'Layout',
  'Module',
  'Panel',
  'Theme',
  'Hook',
  'Endpoint',
  'OperationApp',
  'OperationApi',
]
  .map((kind) => `export const define${kind} = (config) => config;\n`)
  .join('');

/** `cloister/sdk`, installed or not: so a bundle does not change with what lies in node_modules. */
export const cloisterSdkSource = ['Endpoint', 'Hook'].map((kind) => `export const define${kind} = (given) => given;\n`).join('');

export interface BundleEntry {
  readonly type: 'endpoint' | 'hook' | 'operation';
  readonly name: string;
  /** Path of the source inside the folder. */
  readonly path: string;
}

const listOf = (entries: readonly BundleEntry[], type: BundleEntry['type']): string =>
  entries
    .flatMap((entry, index) => (entry.type === type ? [`{ name: ${JSON.stringify(entry.name)}, config: entry${index} }`] : []))
    .join(', ');

/** What the SDK's build would make of `entries`. Names and paths go in as JSON strings only. */
export const makeBundleSource = (entries: readonly BundleEntry[]): string =>
  [
    ...entries.map((entry, index) => `import entry${index} from ${JSON.stringify(entry.path)};`),
    `export const endpoints = [${listOf(entries, 'endpoint')}];`,
    `export const hooks = [${listOf(entries, 'hook')}];`,
    `export const operations = [${listOf(entries, 'operation')}];`,
  ].join('\n');
