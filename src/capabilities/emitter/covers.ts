// Whether one grant allows all that another does. Pure; must never say yes where it cannot tell.
import { covers, parsePattern } from '../../../sandbox/protocol/event-patterns.ts';
import type { EmitterGrant } from './contract.ts';
import { isCoreName } from './names.ts';

const coversPatterns = (wide: readonly string[] = [], narrow: readonly string[] = []): boolean =>
  narrow.every((pattern) => wide.some((one) => covers(parsePattern(one), parsePattern(pattern))));

/** A name of the host's own is allowed where it is spelled out, and by no wildcard. */
const coversCore = (wide: readonly string[] = [], narrow: readonly string[] = []): boolean =>
  narrow.filter(isCoreName).every((name) => wide.includes(name));

export const coversEmitter = (wide: EmitterGrant, narrow: EmitterGrant): boolean =>
  coversPatterns(wide.emit, narrow.emit) &&
  coversCore(wide.emit, narrow.emit) &&
  coversPatterns(wide.listen, narrow.listen) &&
  (narrow.schedule !== true || wide.schedule === true);
