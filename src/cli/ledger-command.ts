// `cloister ledger verify FILE`: checks the chain. Must never write to the file.
import { CloisterError } from '../errors.ts';
import { verifyLedger } from '../ledger/verify-ledger.ts';

export const verify = async (args: readonly string[]): Promise<number> => {
  const [what, file] = args;
  if (what !== 'verify' || file === undefined) throw new CloisterError('ERR_OPTIONS_INVALID', 'usage: cloister ledger verify FILE');
  const report = await verifyLedger(file);
  process.stdout.write(`${JSON.stringify(report)}\n`);
  return report.ok ? 0 : 1;
};
