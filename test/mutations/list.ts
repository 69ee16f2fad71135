// Defences, each with how to take it away and which tests must notice. Must never hold one that no test notices: `npm run mutations` tries them all.

export interface Mutation {
  /** What an attacker would gain. */
  readonly name: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly search: string;
  readonly replace: string;
  /** Parts of paths of test files, at least one of which must fail. */
  readonly tests: readonly string[];
}

export const mutations: readonly Mutation[] = [
  {
    name: 'leave WebAssembly in a cell',
    file: 'sandbox/kernel/permitted.ts',
    search: `  'WeakMap',\n`,
    replace: `  'WeakMap',\n  'WebAssembly',\n`,
    tests: ['test/escape/closed'],
  },
  {
    name: 'let buffers grow',
    file: 'sandbox/kernel/harden.ts',
    search: '  limitArrayBuffer();\n',
    replace: '',
    tests: ['test/limits/off-heap', 'test/escape/closed'],
  },
  {
    name: 'leave what V8 adds to Intl',
    file: 'sandbox/kernel/permitted.ts',
    search: `      'supportedValuesOf',\n`,
    replace: `      'supportedValuesOf',\n      'v8BreakIterator',\n`,
    tests: ['test/escape/closed'],
  },
  {
    name: 'leave the way out of the isolate where a guest finds it',
    file: 'sandbox/kernel/main.ts',
    search: '  kernel.connect(post);\n',
    replace: `  kernel.connect(post);\n  Object.defineProperty(Map.prototype, 'post', { value: post });\n`,
    tests: ['test/escape/closed'],
  },
  {
    name: 'run the kernel in sloppy mode',
    file: 'sandbox/build.ts',
    search: `    platform: 'neutral',\n`,
    replace: `    platform: 'neutral',\n    tsconfigRaw: { compilerOptions: { strict: false, alwaysStrict: false } },\n`,
    tests: ['test/escape/closed'],
  },
  {
    name: 'use what a guest may have patched',
    file: 'sandbox/kernel/intrinsics.ts',
    search: 'stringifyJson: (value: unknown) => string | undefined = JSON.stringify;',
    replace: 'stringifyJson: (value: unknown) => string | undefined = (value) => JSON.stringify(value);',
    tests: ['test/escape/patched-intrinsics'],
  },
  {
    name: 'carry no request over an await',
    file: 'sandbox/kernel/zone.ts',
    search: '[carry(zone, onFulfilled), carry(zone, onRejected)]',
    replace: '[onFulfilled, onRejected]',
    tests: ['test/flow/leases'],
  },
  {
    name: 'give wards the environment of the host',
    file: 'src/wards/ward-process.ts',
    search: 'env: wardEnvironment(),',
    replace: 'env: process.env,',
    tests: ['test/escape/ward-process'],
  },
  {
    name: 'leave wards the network of the host',
    file: 'src/wards/hardening/calls.ts',
    search: 'const newNamespaces = 0x40000000 | 0x08000000 | 0x04000000;',
    replace: 'const newNamespaces = 0x08000000 | 0x04000000;',
    tests: ['test/escape/ward-process'],
  },
  {
    name: 'start wards without the filter of their system calls',
    file: 'src/wards/hardening/open-hardening.ts',
    search: `...(active.has('calls') ? filterCalls(processor) : []),`,
    replace: '',
    tests: ['test/escape/ward-process'],
  },
  {
    name: 'start wards outside of the permission model',
    file: 'src/wards/hardening/open-hardening.ts',
    search: `        '--permission',\n`,
    replace: '',
    tests: ['test/escape/ward-process'],
  },
  {
    name: 'start where a required measure is missing',
    file: 'src/wards/hardening/open-hardening.ts',
    search: `modes[measure] === 'require' && !active`,
    replace: 'false',
    tests: ['test/escape/ward-process'],
  },
  {
    name: 'open for a ward whatever its user may read',
    file: 'src/wards/hardening/open-hardening.ts',
    search: `...(active.has('files') ? confineFiles(processor) : []),`,
    replace: '',
    tests: ['test/flow/doctor'],
  },
  {
    name: 'let a ward make sockets',
    file: 'src/wards/hardening/seccomp-filter.ts',
    search: `...['socket', 'socketpair', 'connect', 'bind', 'listen', 'accept', 'accept4'],`,
    replace: '',
    tests: ['test/flow/doctor'],
  },
  {
    name: 'let a ward signal anybody',
    file: 'src/wards/hardening/seccomp-filter.ts',
    search: 'const onlyToItself = [instruction(jumpIfEqual, ownPid, 0, 1), ...end];',
    replace: 'const onlyToItself = [instruction(answer, allow)];',
    tests: ['test/flow/doctor'],
  },
  {
    name: 'let a ward start processes',
    file: 'src/wards/hardening/seccomp-filter.ts',
    search: `...judged('clone', 0, onlyIfSet(threadFlag)),`,
    replace: '',
    tests: ['test/flow/doctor'],
  },
  {
    name: 'leave a ward as many files as it likes',
    file: 'src/wards/hardening/calls.ts',
    search: '    limit(limitOf.files, openFiles),\n',
    replace: '',
    tests: ['test/flow/doctor'],
  },
  {
    name: 'share a ward between tenants',
    file: 'src/wards/ward-pool.ts',
    search: 'ward.tenant === tenant && ',
    replace: '',
    tests: ['test/flow/tenants'],
  },
  {
    name: 'judge calls without the grants',
    file: 'src/bridge/verdict.ts',
    search: "  if (!decision.allow) return { decision: 'deny', rule: decision.rule, reason: decision.reason };\n",
    replace: '',
    tests: ['src/bridge/verdict', 'test/escape/patched-intrinsics'],
  },
  {
    name: 'believe the last grant alone',
    file: 'src/bridge/verdict.ts',
    search: '    if (!decision.allow) return decision;\n',
    replace: '',
    tests: ['src/bridge/verdict'],
  },
  {
    name: 'take calls of requests that are over',
    file: 'src/bridge/bridge.ts',
    search: 'if (lease === null || lease.isOver) {',
    replace: 'if (lease === null) {',
    tests: ['test/flow/leases'],
  },
  {
    name: 'read arguments of any size',
    file: 'src/bridge/bridge.ts',
    search: 'if (text.length > callBytes) throw',
    replace: 'if (text.length > callBytes * 1e9) throw',
    tests: ['test/limits/calls'],
  },
  {
    name: 'count no calls',
    file: 'src/bridge/bridge.ts',
    search: 'if (lease.calls > limits.hostCalls) throw',
    replace: 'if (lease.calls > limits.hostCalls * 1e9) throw',
    tests: ['test/limits/calls'],
  },
  {
    name: 'let a request wait for ever',
    file: 'src/dispatch/lease.ts',
    search: '      if (now < this.#deadlineAt) return;\n',
    replace: '      if (now < this.#deadlineAt * 1e9) return;\n',
    tests: ['test/limits/time'],
  },
  {
    name: 'run again what had an effect',
    file: 'src/dispatch/lease.ts',
    search: '!this.isOver && !this.effects && ',
    replace: '!this.isOver && ',
    tests: ['test/limits/bystanders'],
  },
  {
    name: 'let the guest frame the message',
    file: 'src/dispatch/parse-response.ts',
    search: 'if (!droppedHeaders.has(name)) headers.push(name, checked);',
    replace: 'headers.push(name, checked);',
    tests: ['test/escape/http-forged-heads'],
  },
  {
    name: 'let the guest send informational answers',
    file: 'src/dispatch/parse-response.ts',
    search: 'status < 200 || status > 599',
    replace: 'status < 100 || status > 599',
    tests: ['test/escape/http-forged-heads'],
  },
  {
    name: 'count no headers',
    file: 'src/dispatch/parse-response.ts',
    search: 'if (count > limits.headerCount) throw',
    replace: 'if (count > limits.headerCount * 1e9) throw',
    tests: ['test/escape/http-forged-heads', 'test/flow/response-guards'],
  },
  {
    name: 'take the last content type for the only one',
    file: 'src/http/http-answer.ts',
    search: 'mayRun ||= !inertType',
    replace: 'mayRun = !inertType',
    tests: ['test/escape/http-forged-heads'],
  },
  {
    name: 'leave a bare Path on a cookie',
    file: 'src/http/http-answer.ts',
    search: '\\s*(?:=|$)/i.test(attribute)',
    replace: '\\s*=/i.test(attribute)',
    tests: ['test/escape/http-forged-heads'],
  },
  {
    name: 'show credentials to an extension',
    file: 'src/http/request-head.ts',
    search: `  'accept',\n`,
    replace: `  'accept',\n  'authorization',\n  'cookie',\n`,
    tests: ['test/escape/http-wire'],
  },
  {
    name: 'hold all that clients do not take',
    file: 'src/http/unsent.ts',
    search: 'if (used > unsentBytes && ',
    replace: 'if (used > unsentBytes * 1e9 && ',
    tests: ['test/limits/slow-readers'],
  },
];
