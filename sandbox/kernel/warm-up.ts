// Runs the hot path once while the startup image is made, so that its code is compiled in the image. Must leave nothing behind that an extension could see.
import { IncomingMessage } from '../platform/http/incoming-message.ts';
import { ServerResponse } from '../platform/http/server-response.ts';
import { asApp, type ExpressApp, express } from './app.ts';

interface Answering {
  status(code: number): Answering;
  set(name: string, value: string): Answering;
  json(value: unknown): void;
  send(value: unknown): void;
}
interface Routing {
  get(path: string, handler: (request: unknown, response: Answering) => void): void;
}

const silent = { respond: () => undefined, head: () => undefined, chunk: () => true, end: () => undefined };

export const warmUp = (app: ExpressApp): void => {
  const router = express.Router();
  const routes = router as unknown as Routing;
  routes.get('/text', (_request, response) => response.send('text'));
  routes.get('/json/:id', (_request, response) => response.status(200).set('x-warm', 'up').json({ warm: true }));
  app.use('/warm', router);
  for (const url of ['/warm/text', '/warm/json/1?a=1&b[c]=2', '/warm/none']) {
    const request = new IncomingMessage(
      { method: 'GET', url, headers: ['host', 'localhost', 'accept', '*/*'], remoteAddress: '127.0.0.1', encrypted: false },
      null,
    );
    asApp(app)(request, new ServerResponse(request, silent), () => undefined);
  }
};
