// WeakRef and FinalizationRegistry for packages that want them to be there. Must never tell of a collection, nor call anything later: what a WeakRef refers to is held, which the language allows.

const heldBy = new WeakMap<WeakRef, object>();

const checkTarget = (what: string, target: unknown): object => {
  const isFit = (typeof target === 'object' && target !== null) || typeof target === 'function';
  if (!isFit) throw new TypeError(`${what}: invalid target`);
  return target as object;
};

export class WeakRef {
  constructor(target: unknown) {
    heldBy.set(this, checkTarget('WeakRef', target));
  }
  deref(): object | undefined {
    return heldBy.get(this);
  }
  get [Symbol.toStringTag](): string {
    return 'WeakRef';
  }
}

export class FinalizationRegistry {
  constructor(cleanUp: unknown) {
    if (typeof cleanUp !== 'function') throw new TypeError('FinalizationRegistry: cleanup must be callable');
  }
  register(target: unknown): void {
    checkTarget('FinalizationRegistry.prototype.register', target);
  }
  unregister(token: unknown): boolean {
    checkTarget('FinalizationRegistry.prototype.unregister', token);
    return false;
  }
  get [Symbol.toStringTag](): string {
    return 'FinalizationRegistry';
  }
}
