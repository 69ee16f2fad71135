// An extension that sends whatever it is told, to servers and names in an attacker's hands. Must never be granted what would let a test pass by denying all.
import assert from 'node:assert/strict';
import { originPattern } from '../../src/capabilities/fetch/contract.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const source = `
import http from 'node:http';
const ask = (...args) => new Promise((resolve, reject) => {
  const request = http.request(...args, (response) => { let text = ''; response.on('data', (piece) => { text += piece; }); response.on('end', () => resolve({ status: response.statusCode, text })); response.on('error', reject); });
  request.on('error', reject);
  request.end();
});
const tell = async (run) => {
  try { return { value: (await run()) ?? null }; }
  catch (error) { return { error: error.name, message: String(error.message), cause: error.cause?.code ?? error.code, rule: error.cause?.extensions?.rule, all: JSON.stringify([error.message, error.cause?.message, error.cause?.extensions, error.extensions]) }; }
};
export default (router, { env }) => {
  router.post('/run', async (req, res) => {
    const { code, given } = req.body;
    const run = new Function('env', 'given', 'ask', 'tell', 'return (async () => {' + code + '})()');
    res.json(await tell(() => run(env, given, ask, tell)));
  });
};`;

export interface Told {
  readonly value?: unknown;
  readonly error?: string;
  readonly message?: string;
  readonly cause?: string;
  readonly rule?: string;
  /** Everything the guest can see of an error. */
  readonly all?: string;
}

export interface Egress {
  readonly runtime: TestRuntime;
  run(code: string, given?: unknown): Promise<Told>;
  close(): Promise<void>;
}

export interface EgressGrant {
  /** Origins granted with any header; what is no origin as a grant spells it is left out. */
  readonly origins: readonly string[];
  readonly internalOrigins: readonly string[];
  readonly dnsServers: readonly string[];
  readonly more?: object;
  readonly secrets?: Readonly<Record<string, string>>;
}

export const isGrantable = (origin: string): boolean => new RegExp(originPattern).test(origin);

export const openEgress = async ({ origins, internalOrigins, dnsServers, more = {}, secrets = {} }: EgressGrant): Promise<Egress> => {
  const fetch = {
    origins: Object.fromEntries(origins.filter(isGrantable).map((origin) => [origin, { headers: true }])),
    callsPerRequest: 100,
    ...more,
  };
  const runtime = await openTestRuntime({
    extensions: {
      caller: extension(source, {
        capabilities: { fetch, env: { keys: Object.keys(secrets) } },
        limits: { cpuMs: 3_000, wallMs: 8_000, callsPending: 64 },
      }),
    },
    options: { egress: { internalOrigins, dnsServers }, secrets },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
  return {
    runtime,
    run: async (code, given = null) => {
      const reply = await runtime.post('/caller/run', { code, given });
      assert.equal(reply.status, 200, reply.text);
      return reply.json() as Told;
    },
    close: () => runtime.close(),
  };
};
