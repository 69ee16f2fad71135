// The services that Cloister brings itself, one line each. A service of the embedder's with the same name goes before.
import type { BuiltInService } from './built-in.ts';
import { makeItemsService } from './items/service.ts';

export const makeBuiltIns = (): readonly BuiltInService[] => [makeItemsService()];
