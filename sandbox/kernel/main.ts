// The kernel: the first code in an isolate, and the only code the ward calls. Evaluated while the startup image is made; connected when a cell boots.
import './first.ts';
import { harden } from './harden.ts';
import { makeKernel } from './kernel.ts';
import type { PostFunction } from './pipe.ts';

const kernel = makeKernel();

/** Called once by the ward with the way out and the texts of parts; gives the way in. */
const boot = (post: PostFunction, part: (name: string) => string): typeof kernel.deliver => {
  Reflect.deleteProperty(globalThis, '__cloisterBoot');
  Reflect.deleteProperty(globalThis, '__cloisterWarmUp');
  harden();
  kernel.connect(post, part);
  return kernel.deliver;
};

/** Called once while the image is made, in a context that is thrown away: what it compiles stays in the image. */
const warmUp = (): void => {
  kernel.warmUp();
};

Object.defineProperty(globalThis, '__cloisterBoot', { value: boot, configurable: true });
Object.defineProperty(globalThis, '__cloisterWarmUp', { value: warmUp, configurable: true });
