// Compares the types that authors are given with those of the guest sides. Must never be imported: the compiler is its only reader.
import type { GuestEmitter } from '../../src/capabilities/emitter/guest.ts';
import type { GuestKv } from '../../src/capabilities/kv/guest.ts';
import type { GuestLogger } from '../../src/capabilities/log/guest.ts';
import type { ContextKey } from '../kernel/capabilities.ts';
import type { Context, Emitter, Kv, Logger } from './context.ts';

type Promised<Real extends Type, Type> = Real;

/** Each of these fails to compile where the guest's side has less than is promised. */
export type RealEmitter = Promised<GuestEmitter, Emitter>;
export type RealKv = Promised<GuestKv, Kv>;
export type RealLogger = Promised<GuestLogger, Logger>;
export type EveryKeyIsThere = Promised<keyof Context, ContextKey>;
export type NoKeyIsExtra = Promised<ContextKey, keyof Context>;
