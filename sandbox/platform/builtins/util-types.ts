// node:util/types by internal slots. Must never be fooled by a toStringTag.
import { keyClassOf } from '../key-material.ts';

type Check = (value: unknown) => boolean;

const bySlot =
  (read: (value: never) => unknown): Check =>
  (value) => {
    try {
      read(value as never);
      return true;
    } catch {
      return false;
    }
  };
const getterOf = (prototype: object, name: PropertyKey): ((this: unknown) => unknown) =>
  Object.getOwnPropertyDescriptor(prototype, name)?.get as (this: unknown) => unknown;

const arrayKind = getterOf(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);
const isKind =
  (kind: string): Check =>
  (value) =>
    arrayKind.call(value) === kind;
const mapSize = getterOf(Map.prototype, 'size');
const setSize = getterOf(Set.prototype, 'size');
const bufferLength = getterOf(ArrayBuffer.prototype, 'byteLength');
const tagged =
  (tag: string): Check =>
  (value) =>
    Object.prototype.toString.call(value) === `[object ${tag}]`;
const inherits =
  (Kind: new (...args: never[]) => unknown): Check =>
  (value) =>
    value instanceof Kind;

const isNumberObject: Check = (value) => typeof value === 'object' && bySlot((given) => Number.prototype.valueOf.call(given))(value);
const isStringObject: Check = (value) => typeof value === 'object' && bySlot((given) => String.prototype.valueOf.call(given))(value);
const isBooleanObject: Check = (value) => typeof value === 'object' && bySlot((given) => Boolean.prototype.valueOf.call(given))(value);
const isBigIntObject: Check = (value) => typeof value === 'object' && bySlot((given) => BigInt.prototype.valueOf.call(given))(value);
const isSymbolObject: Check = (value) => typeof value === 'object' && bySlot((given) => Symbol.prototype.valueOf.call(given))(value);
const isArrayBuffer = bySlot((value) => bufferLength.call(value));

export const types = {
  isDate: bySlot((value) => Date.prototype.getTime.call(value)),
  isRegExp: tagged('RegExp'),
  isPromise: inherits(Promise),
  isNativeError: inherits(Error),
  isMap: bySlot((value) => mapSize.call(value)),
  isSet: bySlot((value) => setSize.call(value)),
  isWeakMap: inherits(WeakMap),
  isWeakSet: inherits(WeakSet),
  isMapIterator: tagged('Map Iterator'),
  isSetIterator: tagged('Set Iterator'),
  isGeneratorFunction: tagged('GeneratorFunction'),
  isAsyncFunction: tagged('AsyncFunction'),
  isGeneratorObject: tagged('Generator'),
  isArgumentsObject: tagged('Arguments'),
  isModuleNamespaceObject: tagged('Module'),
  isProxy: (): boolean => false,
  isExternal: (): boolean => false,
  isKeyObject: (value: unknown): boolean => keyClassOf(value) === 'KeyObject',
  isCryptoKey: (value: unknown): boolean => keyClassOf(value) === 'CryptoKey',
  isSharedArrayBuffer: (): boolean => false,
  isArrayBuffer,
  isAnyArrayBuffer: isArrayBuffer,
  isArrayBufferView: (value: unknown): boolean => ArrayBuffer.isView(value),
  isDataView: (value: unknown): boolean => ArrayBuffer.isView(value) && arrayKind.call(value) === undefined,
  isTypedArray: (value: unknown): boolean => arrayKind.call(value) !== undefined,
  isUint8Array: isKind('Uint8Array'),
  isUint8ClampedArray: isKind('Uint8ClampedArray'),
  isUint16Array: isKind('Uint16Array'),
  isUint32Array: isKind('Uint32Array'),
  isInt8Array: isKind('Int8Array'),
  isInt16Array: isKind('Int16Array'),
  isInt32Array: isKind('Int32Array'),
  isFloat32Array: isKind('Float32Array'),
  isFloat64Array: isKind('Float64Array'),
  isBigInt64Array: isKind('BigInt64Array'),
  isBigUint64Array: isKind('BigUint64Array'),
  isNumberObject,
  isStringObject,
  isBooleanObject,
  isBigIntObject,
  isSymbolObject,
  isBoxedPrimitive: (value: unknown): boolean =>
    [isNumberObject, isStringObject, isBooleanObject, isBigIntObject, isSymbolObject].some((check) => check(value)),
};
