// Lets an example import `cloister` as an installed one would, from the sources. Must never be needed outside the tests.
import { registerHooks } from 'node:module';

const own = new URL('patient.ts', import.meta.url).href;

registerHooks({ resolve: (name, context, next) => (name === 'cloister' ? { url: own, shortCircuit: true } : next(name, context)) });
