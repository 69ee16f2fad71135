// What cryptography in JavaScript costs a request, beside Node's own. Must never count a first piece of work: it loads code and makes keys.
import { Agent, get } from 'node:http';
import { openProgram } from './child.ts';

export interface CryptoRow {
  readonly name: string;
  readonly nodeMs: number;
  readonly cellMs: number;
}

const extension = new URL('./extensions/crypto', import.meta.url).pathname;
const rounds = 5;
const each = 4;

const ask = (agent: Agent, url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      response.on('end', () =>
        response.statusCode === 200 ? resolve(body) : reject(new Error(`${url} answered ${response.statusCode}: ${body}`)),
      );
    }).on('error', reject);
  });

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** A router that keeps its routes, so that the same extension runs here too. */
const loadHere = async (): Promise<(name: string, count: number) => void> => {
  type Handler = (request: { readonly params: object }, response: { send(): void }) => void;
  const routes = new Map<string, Handler>();
  const { default: register } = (await import(`${extension}/index.js`)) as { default: (router: object) => void };
  register({ get: (path: string, handler: Handler) => routes.set(path, handler) });
  return (name, count) => routes.get('/:name/:count')?.({ params: { name, count } }, { send: () => undefined });
};

const timed = async (run: (count: number) => unknown): Promise<number> => {
  const times: number[] = [];
  await run(1);
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now();
    await run(0);
    const emptyAt = performance.now();
    await run(each);
    times.push((performance.now() - emptyAt - (emptyAt - startedAt)) / each);
  }
  return Math.max(0, median(times));
};

export const measureCrypto = async (): Promise<readonly CryptoRow[]> => {
  const server = await openProgram<{ readonly port: number }>({
    file: 'servers/cloister.ts',
    args: [JSON.stringify({ extensions: [extension], limits: { cpuMs: 60_000, wallMs: 120_000 } })],
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const base = `http://127.0.0.1:${server.ready.port}/crypto`;
  try {
    const here = await loadHere();
    const rows: CryptoRow[] = [];
    for (const name of JSON.parse(await ask(agent, `${base}/names`)) as string[])
      rows.push({
        name,
        nodeMs: await timed((count) => here(name, count)),
        cellMs: await timed((count) => ask(agent, `${base}/${encodeURIComponent(name)}/${count}`)),
      });
    return rows;
  } finally {
    agent.destroy();
    await server.close();
  }
};
