// `cloister check DIR`: a package looked at without running it, for authors, operators and CI. Must never serve it.
import { parseArgs } from 'node:util';
import { makeBaseline, makeRegistry } from '../capabilities/registry.ts';
import { type CheckOptions, checkPackages } from '../check/check-package.ts';
import { showCheck } from '../check/show-check.ts';
import { parseOptions } from '../config/options.ts';
import { CloisterError } from '../errors.ts';
import { makeAsciiJson } from '../ledger/line.ts';
import { checkFolder, readConfig } from './serve-options.ts';

const operatorOf = async (file: string | undefined): Promise<Pick<CheckOptions, 'operator' | 'trustedKeys'>> => {
  if (file === undefined) return {};
  const { options } = await readConfig(file);
  const catalog = { contracts: makeRegistry().map(({ capability }) => capability.contract), baseline: makeBaseline() };
  // What it would serve is no matter here, and what it would serve from need not be there.
  const { approvals, ceiling, limits, trustedKeys } = parseOptions({ ...options, extensions: [], mode: 'enforce' }, catalog);
  return { operator: { approvals, ceiling, limits }, trustedKeys };
};

export const check = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      policy: { type: 'string' },
      config: { type: 'string' },
      json: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
    },
  });
  const [folder] = positionals;
  if (folder === undefined || positionals.length > 1)
    throw new CloisterError('ERR_OPTIONS_INVALID', 'usage: cloister check DIR [--policy FILE] [--config FILE] [--strict] [--json]');
  await checkFolder('check', folder);
  const result = await checkPackages(folder, {
    ...(await operatorOf(values.config)),
    ...(values.policy === undefined ? {} : { policy: values.policy }),
  });
  if (values.json) process.stdout.write(`${makeAsciiJson(result)}\n`);
  else for (const line of showCheck(result)) process.stdout.write(`${line}\n`);
  return (values.strict ? result.exact : result.ok) ? 0 : 1;
};
