// The services that Cloister brings itself. A service of the embedder's with the same name goes before.
import type { BuiltInService } from './built-in.ts';
import { makeDescribedServices } from './described/services.ts';
import { makeMetaService } from './items/meta-service.ts';
import { makeItemsService } from './items/service.ts';

export const makeBuiltIns = (): readonly BuiltInService[] => {
  const items = makeItemsService();
  return [items, makeMetaService(items), ...makeDescribedServices()];
};
