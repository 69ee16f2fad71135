// A row whose use is one expression. Must never do more than write the module down.
import type { PackageUse } from './use.ts';

export const row = (name: string, versions: readonly string[], does: string, imports: string, value: string): PackageUse => ({
  name,
  versions,
  does,
  source: `${imports}\nexport const use = async () => { ${value} };`,
});
