// DOMException as WebIDL has it: an Error with a name from a closed list and its legacy number. Must never be told apart from the web's by those that read name, code and message.

const legacyCodes: ReadonlyMap<string, number> = new Map([
  ['IndexSizeError', 1],
  ['HierarchyRequestError', 3],
  ['WrongDocumentError', 4],
  ['InvalidCharacterError', 5],
  ['NoModificationAllowedError', 7],
  ['NotFoundError', 8],
  ['NotSupportedError', 9],
  ['InUseAttributeError', 10],
  ['InvalidStateError', 11],
  ['SyntaxError', 12],
  ['InvalidModificationError', 13],
  ['NamespaceError', 14],
  ['InvalidAccessError', 15],
  ['TypeMismatchError', 17],
  ['SecurityError', 18],
  ['NetworkError', 19],
  ['AbortError', 20],
  ['URLMismatchError', 21],
  ['QuotaExceededError', 22],
  ['TimeoutError', 23],
  ['InvalidNodeTypeError', 24],
  ['DataCloneError', 25],
]);

export class DOMException extends Error {
  readonly #name: string;

  constructor(message = '', nameOrOptions: string | { readonly name?: string; readonly cause?: unknown } = 'Error') {
    super(String(message));
    // An own name would hide the getter of the prototype, which is where the web has it.
    this.#name = typeof nameOrOptions === 'string' ? nameOrOptions : String(nameOrOptions?.name ?? 'Error');
    if (typeof nameOrOptions === 'object' && nameOrOptions !== null && 'cause' in nameOrOptions)
      Object.defineProperty(this, 'cause', { value: nameOrOptions.cause, configurable: true, writable: true });
  }

  override get name(): string {
    return this.#name;
  }
  get code(): number {
    return legacyCodes.get(this.#name) ?? 0;
  }
  get [Symbol.toStringTag](): string {
    return 'DOMException';
  }
}

for (const [name, code] of legacyCodes) {
  const constant = name
    .replace(/Error$/, '')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toUpperCase();
  Object.defineProperty(DOMException, `${constant}_ERR`, { value: code, enumerable: true });
}
