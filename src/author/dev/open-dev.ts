// `cloister dev`: a runtime over a folder of sources that takes up what is saved, and says what an author wants to know. Must never grant more than the packages ask for.
import path from 'node:path';
import { pino } from 'pino';
import { learningsOf, makeRegistry } from '../../capabilities/registry.ts';
import type { Inspection } from '../../dispatch/inspection.ts';
import type { LedgerEntry } from '../../ledger/entry.ts';
import { limitTable } from '../../limits/table.ts';
import type { CloisterOptions } from '../../options.ts';
import { makeGuestPlaces } from '../../packages/guest-places.ts';
import { createRuntime, type Runtime } from '../../runtime.ts';
import { describeDenial, isDenied } from './denials.ts';
import { makeDevLog } from './dev-log.ts';
import { openInspector } from './inspector.ts';
import { watchFolder } from './watch-folder.ts';

export interface DevOptions {
  /** A package, or a folder that holds packages. */
  readonly folder: string;
  /** What the configuration says; extensions, logger and the ledger's reader are this one's own. */
  readonly runtime: CloisterOptions;
  readonly say: (line: string) => void;
  /** Where a debugger finds the cells; null: it cannot. */
  readonly inspectPort: number | null;
}

export interface Dev {
  readonly runtime: Runtime;
  /** Where a debugger is pointed at; null: it was not asked for. */
  readonly inspectUrl: string | null;
  /** Ends watching and the runtime. */
  close(): Promise<void>;
}

/** Who steps through code takes his time. */
const patience = { cpuMs: limitTable.cpuMs.ceiling, wallMs: limitTable.wallMs.ceiling, registerMs: limitTable.registerMs.ceiling };

type Served = ReadonlyMap<string, string>;
const servedBy = (runtime: Runtime): Served => new Map(runtime.extensions().map(({ id, artifact }) => [id, artifact]));

const shortRequest = ({
  extension,
  method,
  path: asked,
  status,
  outcome,
  wallMs,
}: Extract<LedgerEntry, { readonly kind: 'request.end' }>) =>
  `${String(status)}   ${extension}  ${method} ${asked}  ${String(wallMs)} ms${outcome === 'answered' ? '' : `  ${outcome}`}`;

/** Resolves when everything that can be served is. */
export const openDev = async ({ folder, runtime: given, say, inspectPort }: DevOptions): Promise<Dev> => {
  const places = makeGuestPlaces();
  const learnings = learningsOf(makeRegistry());
  let runtime: Runtime | null = null;

  const folderOf = (id: string): string | null => runtime?.extensions().find((one) => one.id === id)?.folder ?? null;
  /** As the author's shell would name it. */
  const shown = (at: string | null): string => (at === null ? '' : path.relative('', at));
  const map = (id: string): string | null => runtime?.sourceMap(id) ?? null;
  const mapStack = (id: string, stack: string): string => places.stack(stack, map(id), shown(folderOf(id)));

  const onLedgerEntries = async (entries: readonly LedgerEntry[]): Promise<void> => {
    for (const entry of entries) {
      if (isDenied(entry)) say(await describeDenial(entry, folderOf(entry.extension), learnings));
      else if (entry.kind === 'request.end') say(shortRequest(entry));
      else if (entry.kind === 'limit') say(`limit ${entry.extension}  ${entry.limit}: ${String(entry.used)} of ${String(entry.allowed)}`);
    }
  };

  let inspection: Inspection | null = null;
  const onInspection = (made: Inspection): void => {
    inspection = made;
  };
  const opened = await createRuntime(
    {
      approvals: 'requested',
      ...given,
      ...(inspectPort === null ? {} : { limits: { ...given.limits, ...patience } }),
      extensions: [{ folder, entry: 'source' }],
      logger: pino({ level: 'debug' }, makeDevLog(say, mapStack)),
      onLedgerEntries,
    },
    inspectPort === null ? null : { onInspection },
  );
  runtime = opened;
  const inspector =
    inspectPort === null || inspection === null
      ? null
      : await openInspector(inspection, inspectPort).catch(async (error: unknown) => {
          await opened.close();
          throw error;
        });

  const sayRefused = (): void => {
    for (const { error } of opened.refused()) say(`error ${error.message}`);
  };

  const reload = async (): Promise<void> => {
    const from = performance.now();
    const before = servedBy(opened);
    await opened.reload();
    const ms = Math.round(performance.now() - from);
    for (const [id, artifact] of servedBy(opened))
      if (before.get(id) !== artifact) say(`${before.has(id) ? 'swapped' : 'added'} ${id} ${artifact.slice(0, 12)} in ${ms} ms`);
    if (opened.refused().length === 0) return;
    sayRefused();
    if (before.size > 0) say('      what was served before goes on');
  };

  let last = Promise.resolve();
  const queueReload = (): void => {
    last = last.then(reload).catch((error: unknown) => say(`error ${error instanceof Error ? error.message : String(error)}`));
  };
  const watching = await watchFolder(folder, queueReload, (cause) => say(`warn  ${cause}`));
  // Nothing has changed yet: this has the bundler ready before the first save.
  await opened.reload();
  return {
    runtime: opened,
    inspectUrl: inspector?.url ?? null,
    close: async () => {
      watching.close();
      await inspector?.close();
      await last;
      await opened.close();
    },
  };
};
