// What can be said of a package without running it: does it hold together, what does its code reach for, does it ask for that. Must never evaluate a word of it.
import { readFile } from 'node:fs/promises';
import { coversLine, type Learnings } from '../audit/lines.ts';
import type { CodeUse, GrantLine } from '../bridge/capability.ts';
import { type CapabilityEntry, learningsOf, makeBaseline, makeRegistry } from '../capabilities/registry.ts';
import { decideEffective, type Effective } from '../config/effective.ts';
import type { RuntimeOptions } from '../config/runtime-options.ts';
import { showText } from '../config/show.ts';
import { CloisterError } from '../errors.ts';
import type { LoadedPackage } from '../packages/loaded-package.ts';
import { readPackages } from '../packages/read-packages.ts';
import { type Asserted, judgeAssertions, parseAssertions } from './assertions.ts';
import { type Code, readCode } from './code-chains.ts';

export interface SeenLine {
  readonly capability: string;
  readonly line: GrantLine;
  /** What the package asks for, or has without asking, covers it. */
  readonly asked: boolean;
}

export interface PackageCheck {
  readonly folder: string;
  readonly id: string;
  readonly version: string;
  readonly kind: string;
  /** SHA-256 of the script that would run. */
  readonly artifact: string;
  readonly scriptBytes: number;
  readonly hasManifest: boolean;
  /** Modules that its script requires: none of them is the package's own. */
  readonly imports: readonly string[];
  /** Members of the register context that it takes by name. */
  readonly context: readonly string[];
  /** Ways by which code comes to run that nobody can read beforehand. */
  readonly hidden: readonly string[];
  /** Why its code cannot be read beforehand; nothing of what it uses is known then. null: it was read. */
  readonly unread: string | null;
  /** What its code seems to use. */
  readonly seen: readonly SeenLine[];
  /** Asked for, and nowhere seen in its code. */
  readonly unseen: readonly { readonly capability: string; readonly line: GrantLine }[];
  /** Capabilities of whose use only running shows more. */
  readonly unclear: readonly string[];
  readonly assertions: readonly Asserted[];
}

export interface CheckResult {
  readonly packages: readonly PackageCheck[];
  readonly refused: readonly { readonly folder: string; readonly code: string; readonly message: string }[];
  /** Nothing is refused, all code could be read, and every assertion holds. */
  readonly ok: boolean;
  /** That, and no package asks for more or less than its code seems to use. */
  readonly exact: boolean;
}

export interface CheckOptions {
  /** Whose signed archives are read. */
  readonly trustedKeys?: readonly string[];
  /** A file with `allow` and `deny`: examples of calls. */
  readonly policy?: string;
  /** What the operator says; without it every wish counts as approved. */
  readonly operator?: Pick<RuntimeOptions, 'approvals' | 'ceiling' | 'limits'>;
}

const everythingApproved: NonNullable<CheckOptions['operator']> = {
  approvals: 'requested',
  ceiling: { capabilities: null, limits: {} },
  limits: {},
};

const decide = (found: LoadedPackage, { approvals, ceiling, limits }: NonNullable<CheckOptions['operator']>): Effective =>
  decideEffective({
    id: found.fallbackId,
    manifest: found.manifest,
    expressDefault: found.express,
    approvals,
    ceiling,
    limits,
    baseline: makeBaseline(),
  });

const distinct = <Value>(values: readonly Value[]): readonly Value[] => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
];

const importsOf = ({ chains }: Code): readonly string[] =>
  distinct(
    chains.flatMap(({ root, steps: [first] }) => (root === 'require' && first?.kind === 'call' ? (first.args[0] ?? []) : [])),
  ).toSorted();

const hiddenWays: ReadonlyMap<string, string> = new Map([
  ['eval', 'eval'],
  ['Function', 'new Function'],
  ['__cloister_require', 'a computed require'],
  ['__cloister_import', 'a computed import'],
]);

const hiddenIn = ({ chains }: Code): readonly string[] =>
  distinct(
    chains.flatMap(({ root, steps: [first] }) => (first !== undefined && first.kind !== 'member' ? (hiddenWays.get(root) ?? []) : [])),
  );

interface Compared {
  readonly seen: readonly SeenLine[];
  readonly unseen: PackageCheck['unseen'];
  readonly unclear: readonly string[];
}

const compare = (code: Code, asked: Readonly<Record<string, unknown>>, learnings: Learnings, tick: () => void): Compared => {
  const baseline = makeBaseline();
  const seen: SeenLine[] = [];
  const unseen: { readonly capability: string; readonly line: GrantLine }[] = [];
  const unclear: string[] = [];
  for (const [capability, learning] of learnings) {
    const uses = distinct(code.chains.flatMap((chain): readonly CodeUse[] => learning.readCode?.(chain) ?? []));
    const lines = uses.filter((use): use is GrantLine => use !== 'unclear');
    const grant = Object.hasOwn(asked, capability) ? asked[capability] : baseline.get(capability);
    const given = grant === undefined ? [] : learning.linesOf(grant);
    // Code names less than a grant does, or more: what either is a part of belongs together.
    const meet = (one: GrantLine, other: GrantLine): boolean => {
      tick();
      return coversLine(learning, one, other) || coversLine(learning, other, one);
    };
    if (uses.includes('unclear')) unclear.push(capability);
    seen.push(...lines.map((line) => ({ capability, line, asked: given.some((one) => meet(one, line)) })));
    if (!Object.hasOwn(asked, capability) || uses.includes('unclear')) continue;
    unseen.push(...given.filter((line) => !lines.some((one) => meet(one, line))).map((line) => ({ capability, line })));
  }
  return { seen, unseen, unclear };
};

/** Twice the largest bundle seen, and more: to read a byte takes a hundred of memory. */
const mostReadBytes = 8_388_608;

/** An honest bundle takes a second; one is made to take hours by names without end. */
const mostReadMs = 10_000;

const makeTick = (): (() => void) => {
  const until = performance.now() + mostReadMs;
  let calls = 0;
  return () => {
    calls += 1;
    if (calls % 256 === 0 && performance.now() > until) throw new Error(`it takes longer than ${String(mostReadMs)} ms to read`);
  };
};

type Read = Pick<PackageCheck, 'imports' | 'context' | 'hidden' | 'unread' | keyof Compared>;

const nothingRead = (unread: string): Read => ({ imports: [], context: [], hidden: [], unread, seen: [], unseen: [], unclear: [] });

/** Code that is made to stop its reader is a finding about its package, and no end for the others. */
const readScript = (found: LoadedPackage, registry: readonly CapabilityEntry[]): Read => {
  if (found.script.length > mostReadBytes) return nothingRead(`it is longer than ${String(mostReadBytes)} characters`);
  try {
    const tick = makeTick();
    const code = readCode(found.script, tick);
    if (code.isCut) return nothingRead('it names more than any bundle does');
    return {
      imports: importsOf(code),
      context: [...code.context].toSorted(),
      hidden: hiddenIn(code),
      unread: null,
      ...compare(code, found.manifest?.capabilities ?? {}, learningsOf(registry), tick),
    };
  } catch (error) {
    return nothingRead(showText(String(error), 200));
  }
};

const checkOne = async (
  found: LoadedPackage,
  registry: readonly CapabilityEntry[],
  options: CheckOptions,
  assertions: string | null,
): Promise<PackageCheck> => {
  const { grants } = decide(found, options.operator ?? everythingApproved);
  return {
    folder: found.folder,
    id: found.fallbackId,
    version: found.version,
    kind: found.kind,
    artifact: found.artifact,
    scriptBytes: Buffer.byteLength(found.script),
    hasManifest: found.manifest !== null,
    ...readScript(found, registry),
    assertions: assertions === null ? [] : await judgeAssertions(parseAssertions(assertions, options.policy ?? ''), registry, grants),
  };
};

const readPolicy = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CloisterError(
      'ERR_OPTIONS_INVALID',
      `--policy ${file}: cannot be read (${error instanceof Error ? error.message : String(error)}); name an existing JSON file`,
    );
  }
};

/** `folder`: a package, or one that holds packages. */
export const checkPackages = async (folder: string, options: CheckOptions = {}): Promise<CheckResult> => {
  const registry = makeRegistry();
  const assertions = options.policy === undefined ? null : await readPolicy(options.policy);
  const { packages, refused } = await readPackages(
    [folder],
    registry.map(({ capability }) => capability.contract),
    undefined,
    { trustedKeys: options.trustedKeys ?? [] },
  );
  const checked: PackageCheck[] = [];
  for (const one of packages) checked.push(await checkOne(one, registry, options, assertions));
  const ok = refused.length === 0 && checked.every((one) => one.unread === null && one.assertions.every(({ holds }) => holds));
  const isExact = (one: PackageCheck): boolean => !one.hasManifest || (one.unseen.length === 0 && one.seen.every(({ asked }) => asked));
  return {
    packages: checked,
    refused: refused.map(({ folder: at, error }) => ({ folder: at, code: error.code, message: error.message })),
    ok,
    exact: ok && checked.every(isExact),
  };
};
