// `cloister audit report`, `meter` and `suggest`: what was used, how much, and the least manifest for it. Must never write without --write.
import { parseArgs } from 'node:util';
import { makeCsvLine } from '../audit/csv.ts';
import { type AuditOptions, auditMeter, auditReport, auditSuggest } from '../audit/library.ts';
import { type MeterSpan, meterColumns, meterSpans } from '../audit/meter.ts';
import { showReport } from '../audit/show-report.ts';
import { showSuggestion } from '../audit/show-suggestion.ts';
import { writeToConfig, writeToPackage } from '../audit/write-suggestion.ts';
import { CloisterError } from '../errors.ts';
import { makeAsciiJson } from '../ledger/line.ts';
import { defaultLedger } from './default-ledger.ts';

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

const optionsOf = (values: {
  readonly ledger?: string | undefined;
  readonly extension?: string | undefined;
  readonly tenant?: string | undefined;
  readonly since?: string | undefined;
}): AuditOptions => {
  const { ledger = defaultLedger, extension, tenant, since } = values;
  return {
    ledger,
    ...(extension === undefined ? {} : { extension }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(since === undefined ? {} : { since }),
  };
};

const complain = (unreadable: number): number => {
  if (unreadable === 0) return 0;
  process.stderr.write(`cloister: ${String(unreadable)} lines of the ledger are no entries; \`cloister audit verify\` says more\n`);
  return 1;
};

export const report = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ledger: text, extension: text, tenant: text, since: text, json: flag },
  });
  const [extension] = positionals;
  const found = await auditReport(optionsOf({ ...values, extension: values.extension ?? extension }));
  if (values.json) say(makeAsciiJson(found.extensions));
  else if (found.extensions.length === 0) say('the ledger has nothing of any extension asked for');
  else for (const one of found.extensions) for (const line of [...showReport(one), '']) say(line);
  return complain(found.unreadable);
};

const isSpan = (by: string): by is MeterSpan => (meterSpans as readonly string[]).includes(by);

export const meter = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: { ledger: text, extension: text, tenant: text, since: text, by: text, format: text, partial: flag },
  });
  const { by = 'hour', format = 'ndjson', partial } = values;
  if (!isSpan(by)) throw new CloisterError('ERR_OPTIONS_INVALID', `--by ${by}: expected ${meterSpans.join(', ')}`);
  if (format !== 'ndjson' && format !== 'csv') throw new CloisterError('ERR_OPTIONS_INVALID', `--format ${format}: expected ndjson or csv`);
  const { rows, unreadable } = await auditMeter({ ...optionsOf(values), by, partial });
  if (format === 'csv') say(meterColumns.join(','));
  for (const row of rows) say(format === 'csv' ? makeCsvLine(meterColumns.map((column) => row[column])) : makeAsciiJson(row));
  return complain(unreadable);
};

export const suggest = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ledger: text, tenant: text, since: text, package: text, config: text, json: flag, write: flag },
  });
  const [extension] = positionals;
  if (extension === undefined)
    throw new CloisterError(
      'ERR_OPTIONS_INVALID',
      'usage: cloister audit suggest EXTENSION [--ledger FILE] [--package DIR] [--write [--config FILE]] [--json]',
    );
  const found = await auditSuggest(extension, {
    ...optionsOf(values),
    ...(values.package === undefined ? {} : { folder: values.package }),
  });
  if (values.json) say(makeAsciiJson(found));
  else for (const line of showSuggestion(found)) say(line);
  if (values.write) {
    if (values.config === undefined && found.folder === '')
      throw new CloisterError(
        'ERR_OPTIONS_INVALID',
        `audit suggest ${extension}: the ledger does not say where its package is; give --package DIR`,
      );
    const file =
      values.config === undefined
        ? await writeToPackage(found.folder, found.manifest)
        : await writeToConfig(values.config, extension, found.manifest);
    process.stderr.write(`cloister: wrote ${file}\n`);
  }
  return complain(found.unreadable);
};
