// A child process that puts one thing of isolated-vm's into a bare isolate and has the walk look for it: proof that the walk would see a leak. Prints what it found.
import { createRequire } from 'node:module';
import type IsolatedVm from 'isolated-vm';

const ivm = createRequire(import.meta.url)('isolated-vm') as typeof IsolatedVm;
const [leak = '', walkSource = ''] = process.argv.slice(2);

const leaks: Readonly<Record<string, () => unknown>> = {
  nothing: () => 1,
  'a Callback': () => new ivm.Callback(() => 1),
  'a Reference to a function': () => new ivm.Reference(() => 1),
  'a Reference to an object': () => new ivm.Reference({ secret: 1 }),
  'an ExternalCopy': () => new ivm.ExternalCopy({ secret: 1 }),
  'the module itself': () => ivm,
};

const isolate = new ivm.Isolate({ memoryLimit: 64 });
const context = await isolate.createContext();
const value = leaks[leak]?.();
// Deep inside something ordinary, where a list of names would not look.
await context.eval('globalThis.bag = { list: [new Map([["key", { put: (value) => { bag.list.push(value); } }]])] }');
await context.evalClosure(
  "const [map] = bag.list; map.get('key').put($0)",
  [leak === 'the module itself' ? new ivm.ExternalCopy(1) : value],
  {},
);
if (leak === 'the module itself') await context.global.set('engine', value as IsolatedVm.Transferable);
const found = await context.eval(
  `${walkSource}
   const own = walkIntrinsics(Object.getOwnPropertyNames(globalThis).filter((name) => !['globalThis', 'bag', 'engine'].includes(name)));
   const walk = openWalk();
   walk.visit(globalThis, 'globalThis');
   walk.run();
   const natives = [];
   walk.forEach((value, path) => { if (isNative(value) && !own.has(value)) natives.push(path); });
   JSON.stringify(natives);`,
);
process.stdout.write(String(found));
process.kill(process.pid, 'SIGKILL');
