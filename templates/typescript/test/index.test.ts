// Runs the extension as it will run: in an isolate of a real runtime, asked over HTTP.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createRuntime, type Runtime } from 'cloister';

let runtime: Runtime;
let server: Server;
let origin: string;

before(async () => {
  const folder = fileURLToPath(new URL('..', import.meta.url));
  runtime = await createRuntime({ extensions: [folder], approvals: 'requested' });
  assert.deepEqual(
    runtime.refused().map(({ error }) => error.message),
    [],
  );
  server = createServer(runtime.handler());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
  server?.closeAllConnections();
  server?.close();
  await runtime?.close();
});

test('greets whom it is told', async () => {
  const response = await fetch(`${origin}/NAME/Ada`);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { hello: 'Ada' });
});

test('has not asked for POST', async () => {
  const response = await fetch(`${origin}/NAME`, { method: 'POST' });
  assert.equal(response.status, 403);
});
