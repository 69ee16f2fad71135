// What an extension may be called: its id is a URL segment, a ledger name and a key of approvals. Must never accept two spellings of one id.
import { CloisterError } from '../errors.ts';
import { showValue } from './show.ts';

export const extensionIdPattern = '^(?!\\.{1,2}$|__proto__$|_[Cc][Ll][Oo][Ii][Ss][Tt][Ee][Rr]$)[A-Za-z0-9._~-]{1,64}$';
export const extensionIdDescription = 'an extension id of 1 to 64 letters, digits, ".", "_", "~" or "-", and not "_cloister"';

const idExpression = new RegExp(extensionIdPattern);

/** Takes an id from a package, an operator or a guest. `where` names who said it. */
export const parseExtensionId = (value: unknown, where: string): string => {
  if (typeof value === 'string' && idExpression.test(value)) return value;
  throw new CloisterError('ERR_PACKAGE_INVALID', `${where}: expected ${extensionIdDescription}, found ${showValue(value)}`, { where });
};

/** Two ids are one if this is equal: mounts and file systems that ignore case must not tell them apart. */
export const extensionIdKey = (id: string): string => id.toLowerCase();
