// The V8 flags of a ward. Image and ward must have the same ones: V8 checks.

/**
 * `--no-node-snapshot`: isolates of the ward boot from their own image, and V8's shared read-only heap must be of one make (isolated-vm's README).
 * `--no-turboshaft-loop-unrolling`: with it, Node 24 and 26 cannot interrupt `while (true) a = new Array(1000).fill(1.5)`.
 * `--max-semi-space-size`: isolated-vm gives an isolate of 64 MB half a megabyte for its young objects, less than the requests in flight hold: all of them grow old,
 * and full collections take a third of the guest's time. The space grows only in a cell that is busy.
 */
export const wardFlags = ['--no-node-snapshot', '--no-turboshaft-loop-unrolling', '--max-semi-space-size=8'] as const;

/** `--jitless`: V8 makes no machine code at run time. Regular expressions are interpreted too, and there is no WebAssembly for anybody. */
export const flagsOf = (hardened: boolean): readonly string[] => (hardened ? [...wardFlags, '--jitless'] : wardFlags);
