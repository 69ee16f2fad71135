// Whether one grant allows every call that another does. Pure; must never say yes where it cannot tell.
import { coversNames } from '../../policy/covers.ts';
import type { ServiceGrant, ServicesGrant } from './contract.ts';

/** Every method there is holds also those that the host will offer one day: no list does. */
const coversMethods = (wide: ServiceGrant['methods'], narrow: ServiceGrant['methods']): boolean =>
  wide === true || (narrow !== true && coversNames(wide, narrow));

export const coversServices = (wide: ServicesGrant, narrow: ServicesGrant): boolean =>
  Object.entries(narrow).every(([name, { methods, collections = [] }]) => {
    const granted = Object.hasOwn(wide, name) ? wide[name] : undefined;
    return granted !== undefined && coversMethods(granted.methods, methods) && coversNames(granted.collections ?? [], collections);
  });
