// `cloister doctor`: what holds on the machine it stands on. Must never print a secret of the configuration.
import { parseArgs } from 'node:util';
import { examine } from '../doctor/examine.ts';
import type { DoctorCheck } from '../doctor/finding.ts';
import { readRuntimeOptions, runtimeFlags } from './serve-options.ts';

const words: Readonly<Record<DoctorCheck['state'], string>> = { holds: 'holds', fails: 'FAILS', missing: 'not here' };
const width = 9;

/** Names come from manifests and from the server: none may move a cursor. */
const plain = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '?');

const line = ({ state, name, cause, remedy }: DoctorCheck): string =>
  plain(`  ${words[state].padEnd(width)}${name}: ${cause}${remedy === '' ? '' : `; ${remedy}`}`);

export const doctor = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...runtimeFlags, ledger: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const { runtime } = await readRuntimeOptions('doctor', values, positionals);
  const options = { ...runtime, ledger: { ...runtime.ledger, ...(values.ledger === undefined ? {} : { file: values.ledger }) } };
  const report = await examine(options, values.config === undefined ? {} : { configFile: values.config });
  if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else {
    const areas = [...new Set(report.checks.map(({ area }) => area))];
    const lines = areas.flatMap((area) => [area, ...report.checks.filter((check) => check.area === area).map(line)]);
    const count = (state: DoctorCheck['state']): number => report.checks.filter((check) => check.state === state).length;
    process.stdout.write(`${lines.join('\n')}\n${count('holds')} hold, ${count('missing')} are not here, ${count('fails')} fail\n`);
  }
  return report.ok ? 0 : 1;
};
