// Routes under /NAME. What it may use beyond routes and log lines, it asks for under "cloister" in package.json.
import { defineEndpoint } from 'cloister/sdk';

export default defineEndpoint({
  id: 'NAME',
  handler: (router, { logger }) => {
    router.get('/', (_request, response) => {
      response.json({ hello: 'world' });
    });

    router.get('/:name', (request, response) => {
      logger.info('greeting %s', request.params.name);
      response.json({ hello: request.params.name });
    });
  },
});
