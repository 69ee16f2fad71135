// Checks one grant by the schema of its capability, for grants that code gives while the host runs. Must never let one of an unknown capability pass.
import { CloisterError } from '../errors.ts';
import type { CapabilityCatalog } from './catalog.ts';
import { type Check, makeCheck } from './check.ts';
import { showText } from './show.ts';
import { suggestKey } from './suggest.ts';

export const makeGrantCheck = ({ contracts }: Pick<CapabilityCatalog, 'contracts'>) => {
  const schemas = new Map(contracts.map(({ name, grant }) => [name, grant]));
  const checks = new Map<string, Check>();
  return (capability: string, grant: unknown, where: string): void => {
    const schema = schemas.get(capability);
    const hint = schema === undefined ? suggestKey(capability, [...schemas.keys()]) : null;
    if (schema === undefined)
      throw new CloisterError(
        'ERR_OPTIONS_INVALID',
        `${where}: there is no capability ${showText(capability)}; ${hint === null ? `there are ${[...schemas.keys()].join(', ')}` : `did you mean ${hint}?`}`,
      );
    if (grant === false) return;
    const check = checks.get(capability) ?? makeCheck(schema, 'ERR_OPTIONS_INVALID');
    checks.set(capability, check);
    check(grant, where);
  };
};
