// What an extension was refused, with the line of its manifest that would ask for it. Must never write into the manifest: asking is the author's decision.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Learnings } from '../../audit/lines.ts';
import { makeSafeText } from '../../capabilities/log/safe-text.ts';
import type { LedgerEntry } from '../../ledger/entry.ts';

type CallStart = Extract<LedgerEntry, { readonly kind: 'call.start' }>;

export const isDenied = (entry: LedgerEntry): entry is CallStart => entry.kind === 'call.start' && entry.decision !== 'allow';

/** What its package.json asks for today. */
const askedIn = async (folder: string, capability: string): Promise<unknown> => {
  try {
    const json = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as {
      readonly cloister?: { readonly capabilities?: Readonly<Record<string, unknown>> };
    };
    const asked = json.cloister?.capabilities ?? {};
    return Object.hasOwn(asked, capability) ? asked[capability] : undefined;
  } catch {
    return undefined;
  }
};

const wishOf = (entry: CallStart, today: unknown, learnings: Learnings): unknown => {
  const learning = learnings.get(entry.capability);
  if (learning === undefined) return undefined;
  const needed = learning.observe({ method: entry.method, args: entry.args, byHost: entry.cause !== undefined });
  if (needed.length === 0) return undefined;
  const lines = [...(today === undefined ? [] : learning.linesOf(today)), ...needed];
  const distinct = [...new Map(lines.map((line) => [JSON.stringify(line), line])).values()];
  return learning.grantFor(distinct, today);
};

/** Two lines for a terminal. `folder` is the package's. */
export const describeDenial = async (entry: CallStart, folder: string | null, learnings: Learnings): Promise<string> => {
  const { extension, capability, method, args, rule } = entry;
  const today = folder === null ? undefined : await askedIn(folder, capability);
  const wish = wishOf(entry, today, learnings);
  const remedy =
    wish === undefined
      ? `ask for "${capability}" under cloister.capabilities in package.json; docs/manifest.md says how`
      : `in package.json: "cloister": { "capabilities": { "${capability}": ${JSON.stringify(wish)} } }`;
  return makeSafeText(`denied ${extension}  ${capability}.${method} ${JSON.stringify(args)} by ${rule}`).concat(
    '\n    ',
    makeSafeText(remedy),
  );
};
