// What of a grant of schema was used, read off the ledger: pure. Must never see the overview.
import type { GrantLine, Learning } from '../../bridge/capability.ts';
import type { SchemaGrant } from './contract.ts';
import { readSchemaCode } from './read-code.ts';

const list = 'collections';

/** Nobody but the guest knows what it looks at in the overview, and the overview follows the database grant: so reading it is one line, and `collections` stays as it is. */
export const schemaLearning: Learning<SchemaGrant> = {
  readCode: readSchemaCode,
  observe: ({ method }) => (method === 'read' ? [[list]] : []),
  linesOf: ({ collections }) => (collections === undefined ? [[list]] : collections.map((name): GrantLine => [list, name])),
  // Asked for with a list and read with it: what the list leaves out was not seen.
  covers: (outer, inner) => outer.length <= 1 || inner.length <= 1 || outer[1] === inner[1],
  grantFor: (_lines, today) => (today?.collections === undefined ? {} : { collections: [...today.collections] }),
};
