// A host that a test kills: its options as JSON in its argument, its port on its first line. Must never end by itself.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CloisterOptions, createRuntime } from '../../src/index.ts';

const runtime = await createRuntime(JSON.parse(process.argv[2] ?? '{}') as CloisterOptions);
if (runtime.refused().length > 0) throw new Error(JSON.stringify(runtime.refused()));
const server = http.createServer(runtime.handler());
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
