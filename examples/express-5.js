// Cloister inside an application of Express 5, after its own middleware and beside its own routes. Must never be more than what one needs.
import { createRuntime } from 'cloister';
import express from 'express';

const runtime = await createRuntime({
  extensions: [`${import.meta.dirname}/../extensions/greet`],
  approvals: 'requested',
  // Whose request it is: here nobody's. Yours asks the session that you have checked, never a header that anybody can send.
  identify: () => ({ tenant: 'default', accountability: null }),
});

const app = express();
app.use(express.json());
app.get('/own', (_request, response) => response.json('a route of the application'));
app.use('/extensions', runtime.handler());
app.use((_request, response) => response.status(404).json('nobody answers here'));

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${server.address().port}/extensions/greet`),
);
// Node would answer these itself, and read on behind a body whose end Cloister finds in doubt.
server.on('checkExpectation', app);

process.once('SIGTERM', async () => {
  server.close();
  await runtime.close();
});
