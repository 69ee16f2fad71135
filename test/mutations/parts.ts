// Defences of the parts of the guest platform, each with how to take it away and which tests must notice. Must never hold one that no test notices: `npm run mutations` tries them all.
import type { Mutation } from './mutation.ts';

export const partMutations: readonly Mutation[] = [
  {
    name: 'unpack a bomb whole',
    file: 'sandbox/platform/zlib/once.ts',
    search: '    if (length > max) throw makeTooLarge(max);\n',
    replace: '',
    tests: ['test/platform/zlib'],
  },
  {
    name: 'unpack a brotli bomb whole',
    file: 'sandbox/platform/zlib/brotli.ts',
    search: '    if (bytes.length > this.#max) throw makeTooLarge(this.#max);\n',
    replace: '',
    tests: ['test/platform/zlib'],
  },
  {
    name: 'unpack for a reader that does not read',
    file: 'sandbox/platform/zlib/streams.ts',
    search: 'if (!this.push(asBuffer(output))) {',
    replace: 'if (!this.push(asBuffer(output)) && flush < 0) {',
    tests: ['test/platform/zlib'],
  },
  {
    name: 'call sealed text genuine whatever its tag',
    file: 'sandbox/platform/crypto/cipher.ts',
    search: 'if (expected !== null && !isEqual(tag.subarray(0, expected.length), expected)) return null;',
    replace: '',
    tests: ['test/platform/crypto'],
  },
  {
    name: 'call WebCrypto’s sealed text genuine whatever its tag',
    file: 'sandbox/platform/crypto/subtle/operations.ts',
    search: 'return isEqual(core.tag().subarray(0, size), data.subarray(data.length - size)) ? opened : operationFailed();',
    replace: 'return core.tag().length > 0 ? opened : operationFailed();',
    tests: ['test/platform/crypto'],
  },
  {
    name: 'take any RSA signature of the right length',
    file: 'sandbox/platform/crypto/sign.ts',
    search: 'return expected !== null && isEqual(opened, expected);',
    replace: 'return expected !== null && isEqual(opened, opened);',
    tests: ['test/platform/crypto'],
  },
  {
    name: 'give out a key that is not extractable',
    file: 'sandbox/platform/crypto/subtle/keys.ts',
    search: "  if (!key.extractable) fail('InvalidAccessError', 'key is not extractable');\n",
    replace: '',
    tests: ['test/platform/crypto'],
  },
  {
    name: 'answer a wrong PKCS1 block with an error',
    file: 'sandbox/platform/crypto/rsa.ts',
    search: "const [high = 0, low = 0] = reject('length', 2);",
    replace: "if (isWrong !== 0) throw new RangeError('wrong padding');\n  const [high = 0, low = 0] = reject('length', 2);",
    tests: ['test/platform/crypto'],
  },
];
