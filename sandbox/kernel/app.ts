// The Express application an extension's routers are mounted in, set up as the host's own would be. Must never answer anything itself.
import { parse as parseCookies } from 'cookie';
import { parse as parseQuery } from 'qs';
import { platform } from '../platform/platform.ts';
import { forwardRejections } from './express-rejections.ts';
import type { App, BodyParsers } from './requests.ts';

/** What the kernel uses of Express, 4 or 5. */
export interface Express {
  (): ExpressApp;
  Router(): Router;
}
export interface Router {
  use(handler: () => void): unknown;
  readonly stack: readonly object[];
}
export interface ExpressApp {
  disable(setting: string): void;
  set(setting: string, value: unknown): void;
  use(path: string, router: Router): void;
}

/** As a Directus host parses query strings and forms. */
const queryOptions = { depth: 10, arrayLimit: 500, parameterLimit: 1000 } as const;
const parseNested = (text: string): unknown => parseQuery(text, queryOptions);

export const express = platform.express as unknown as Express;

export const makeApp = (): ExpressApp => {
  const app = express();
  // The host makes tags and answers 304: it has SHA-1 at hand, the guest has not.
  app.disable('etag');
  app.disable('x-powered-by');
  if (platform.expressMajor === 4) {
    app.set('query parser', parseNested);
    forwardRejections(express.Router());
  }
  return app;
};

export const asApp = (app: ExpressApp): App => app as unknown as App;

export const bodyParsers: BodyParsers = {
  urlencoded: parseNested,
  cookies: parseCookies,
  emptyBody: () => (platform.expressMajor === 4 ? {} : undefined),
};
