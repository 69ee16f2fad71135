// Packages of hooks and emitters for tests. Must never hold more than their forms.
import type { Files } from '../packages/package-writer.ts';
import { extension } from './runtime.ts';

export interface EmitterGrantText {
  readonly emit?: readonly string[];
  readonly listen?: readonly string[];
  readonly schedule?: boolean;
}

/** A hook in Directus's form: `source` is the module, its default export the register function. */
export const hook = (source: string, emitter: EmitterGrantText = {}, limits: object = {}, capabilities: object = {}): Files => ({
  'package.json': JSON.stringify({
    version: '1.0.0',
    type: 'module',
    'directus:extension': { type: 'hook', path: 'index.js', host: '^11.0.0' },
    cloister: { capabilities: { emitter, ...capabilities }, limits },
  }),
  'index.js': source,
});

/** An endpoint that is granted `emitter`. */
export const emitting = (source: string, emitter: EmitterGrantText = {}, limits: object = {}, capabilities: object = {}): Files =>
  extension(source, { capabilities: { emitter, ...capabilities }, limits });
