// Cloister on a bare server of node:http. Must never be more than what one needs.
import { createServer } from 'node:http';
import { createRuntime } from 'cloister';

const runtime = await createRuntime({ extensions: [`${import.meta.dirname}/../extensions/greet`], approvals: 'requested' });
const handler = runtime.handler();
const server = createServer(handler);
// Node would answer these itself, and read on behind a body whose end Cloister finds in doubt.
server.on('checkExpectation', handler);
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/greet`));

process.once('SIGTERM', async () => {
  server.close();
  await runtime.close();
});
