// The process that bundles: forked by bundler.ts, built into one file by scripts/bundle.ts, one request after the other. Must never hold a secret: hostile sources are parsed here.
import type { BundleRequest } from './bundle-request.ts';
import { bundleScript } from './bundle-script.ts';

// The host is gone: nobody else will end this process.
process.on('disconnect', () => process.exit(0));

process.on('message', (request: BundleRequest) => {
  void bundleScript(request).then((reply) => process.send?.(reply));
});
