// Cloister in front of a Fastify application, which reads bodies before anybody else can: so the server is ours. Must never be more than what one needs.
import { createServer } from 'node:http';
import { createRuntime } from 'cloister';
import { fastify } from 'fastify';

const runtime = await createRuntime({ extensions: [`${import.meta.dirname}/../extensions/greet`], approvals: 'requested' });
const handler = runtime.handler();
const app = fastify({
  // What no extension answers goes on to Fastify's own routes.
  serverFactory: (own) => createServer((request, response) => handler(request, response, () => own(request, response))),
});
app.get('/own', async () => 'a route of the application');
console.log(`${await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' })}/greet`);

process.once('SIGTERM', async () => {
  await app.close();
  await runtime.close();
});
