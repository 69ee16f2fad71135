// Which tables an expression of Knex's touches, and how: pure. A guess by names; must never be taken for what the code does.
import type { CodeChain, CodeStep, CodeUse } from '../../bridge/capability.ts';
import type { Operation } from './names.ts';

const roots = /^(?:database|knex|db|trx|tx|transaction)\d*$/;
const writes: ReadonlyMap<string, Operation> = new Map([
  ['insert', 'create'],
  ['batchInsert', 'create'],
  ['update', 'update'],
  ['increment', 'update'],
  ['decrement', 'update'],
  ['merge', 'update'],
  ['del', 'delete'],
  ['delete', 'delete'],
  ['truncate', 'delete'],
]);
/** Methods whose first argument is a table. */
const takesTable = /^(?:from|into|table|(?:inner|left|right|full|cross|leftOuter|rightOuter|fullOuter)?[jJ]oin|batchInsert)$/;
/** What only looks at a table, though it stands beside a write. */
const looks: ReadonlySet<string> = new Set([
  'where',
  'whereIn',
  'whereNot',
  'andWhere',
  'orWhere',
  'returning',
  'onConflict',
  'select',
  'first',
]);

const nameOf = (step: CodeStep | undefined): string => (step?.kind === 'member' ? (step.name ?? '') : '');

/** `articles as a` → `articles`; a null is what only running shows. */
const tableIn = (step: CodeStep | undefined): string | null | undefined => {
  if (step === undefined || step.kind === 'member' || step.args.length === 0) return undefined;
  return step.args[0]?.split(/\s+as\s+/i)[0]?.trim() ?? null;
};

export const readDatabaseCode = ({ root, steps }: CodeChain): readonly CodeUse[] => {
  const at = roots.test(root) ? 0 : steps.findIndex((step) => nameOf(step) === 'database') + 1;
  if (at === 0 && !roots.test(root)) return [];
  const own = steps.slice(at);
  const first = own[0]?.kind === 'call' ? tableIn(own[0]) : undefined;
  const others = own.flatMap((step, index) => (takesTable.test(nameOf(step)) ? [tableIn(own[index + 1])] : []));
  const [main, ...joined] = first === undefined ? others : [first, ...others];
  const names = own.map(nameOf);
  if (names.includes('raw') || names.includes('schema')) return ['unclear'];
  if (main === undefined) return [];
  if (main === null) return ['unclear'];
  const operations = names.flatMap((name) => writes.get(name) ?? []);
  const reads = operations.length === 0 || names.some((name) => looks.has(name));
  return [
    ...[...operations, ...(reads ? (['read'] as const) : [])].map((operation) => ['tables', main, operation] as const),
    ...joined.flatMap((table): readonly CodeUse[] => (typeof table === 'string' ? [['tables', table, 'read']] : ['unclear'])),
  ];
};
