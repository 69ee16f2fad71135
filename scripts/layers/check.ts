// Judges imports against the table of layers. Pure: must never read a file.
import { type Edge, hostLayers, type LayerRule, layerRules } from './table.ts';

export interface Violation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** Tests sit beside what they test and may look at everything. */
const isTest = (file: string): boolean => file.endsWith('.test.ts');

/** The name in {@link hostLayers} that a file belongs to; undefined for what is no part of the host. */
const layerNameOf = (file: string): string | undefined => {
  // What capabilities see of the bridge, which stands above them.
  if (file === 'src/bridge/capability.ts') return 'bridge/capability';
  if (file === 'src/bridge/host-events.ts') return 'bridge/host-events';
  if (file === 'src/bridge/own-listeners.ts') return 'bridge/own-listeners';
  if (file === 'src/bridge/within-lease.ts') return 'bridge/within-lease';
  if (file.startsWith('sandbox/protocol/')) return 'sandbox/protocol';
  return /^src\/([^/]+?)(?:\.ts)?(?:\/|$)/.exec(file)?.[1];
};

const breaks = (rule: LayerRule, { from, to, typeOnly }: Edge): boolean => {
  if (rule.valuesOnly === true && typeOnly) return false;
  const [fromMatch, toMatch] = [rule.from.exec(from), rule.to.exec(to)];
  if (fromMatch === null || toMatch === null) return false;
  if (rule.notFrom?.test(from) === true || rule.notTo?.test(to) === true) return false;
  return rule.acrossGroups !== true || fromMatch[1] !== toMatch[1];
};

const isGuestFile = (file: string): boolean => /^src\/capabilities\/[^/]+\/guest(?:\.ts$|\/)/.test(file);

const findUpward = ({ from, to }: Edge): Violation | undefined => {
  const [upper, lower] = [layerNameOf(from), layerNameOf(to)];
  if (upper === undefined || lower === undefined || upper === lower || isGuestFile(from) || !from.startsWith('src/')) return undefined;
  const [fromRow, toRow] = [upper, lower].map((name) => hostLayers.findIndex((row) => row.includes(name))) as [number, number];
  if (fromRow === -1) return { rule: 'layer-unknown', from, to, reason: `src/${upper} has no row in scripts/layers/table.ts.` };
  if (toRow > fromRow) return undefined;
  return {
    rule: 'imports-run-one-way',
    from,
    to,
    reason: `${upper} may not import ${lower}: imports run down the rows of scripts/layers/table.ts.`,
  };
};

/** Follows imports that bring code along until a file is met twice on one path. */
const findCycles = (edges: readonly Edge[]): readonly Violation[] => {
  const targets = new Map<string, string[]>();
  for (const { from, to, typeOnly } of edges) if (!typeOnly) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const found: Violation[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const met = path.indexOf(file);
    if (met !== -1) {
      found.push({ rule: 'no-cycles', from: path.at(-1) ?? file, to: file, reason: [...path.slice(met), file].join(' → ') });
      return;
    }
    if (done.has(file)) return;
    for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return found;
};

export const findViolations = (allEdges: readonly Edge[]): readonly Violation[] => {
  const edges = allEdges.filter(({ from }) => !isTest(from));
  const ruled = layerRules.flatMap((rule) =>
    edges.filter((edge) => breaks(rule, edge)).map(({ from, to }) => ({ rule: rule.name, from, to, reason: rule.reason })),
  );
  return [...ruled, ...edges.flatMap((edge) => findUpward(edge) ?? []), ...findCycles(edges)];
};
