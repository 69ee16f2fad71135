// What must happen before any other module of the bundle is evaluated. Must stay the first import of main.ts, and the only module that acts when imported.
import { patchThen } from './zone.ts';

patchThen();
