// Cloister in front of a Fastify application, which reads bodies before anybody else can: so the server is ours. Must never be more than what one needs.
import { createServer } from 'node:http';
import { createRuntime } from 'cloister';
import { fastify } from 'fastify';

const runtime = await createRuntime({ extensions: [`${import.meta.dirname}/../extensions/greet`], approvals: 'requested' });
const handler = runtime.handler();
const app = fastify({
  serverFactory: (own) => {
    // What no extension answers goes on to Fastify's own routes.
    const listener = (request, response) => handler(request, response, () => own(request, response));
    // Node would answer the second kind itself, and read on behind a body whose end Cloister finds in doubt.
    return createServer(listener).on('checkExpectation', listener);
  },
});
app.get('/own', async () => 'a route of the application');
console.log(`${await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' })}/greet`);

process.once('SIGTERM', async () => {
  await app.close();
  await runtime.close();
});
