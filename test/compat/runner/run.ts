// Runs rows of the packages table in plain Node and in a real runtime, by the same request, and says where the answers differ. Must never call an answer the same that was only as wrong.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { type Client, makeClient, type Reply } from '../../helpers/client.ts';
import { openTestRuntime } from '../../helpers/runtime.ts';
import { expressOf, type Row } from './install.ts';
import type { Outcome } from './results.ts';

const boundary = '----uses';
const part = (head: string, body: string): string => `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`;
const multipart = Buffer.from(
  `${part('name="field"', 'välue')}${part('name="file"; filename="a.bin"\r\nContent-Type: application/x-bin', 'data'.repeat(20_000))}--${boundary}--\r\n`,
);
const headers = { 'content-type': `multipart/form-data; boundary=${boundary}`, cookie: 'one=1; two=s%3Ax.y' };

interface Answer {
  readonly status: number;
  readonly text: string;
}
const answerOf = ({ status, text }: Reply): Answer => ({ status, text });

const ask = async (client: Pick<Client, 'post'>, mount: string, origin: string): Promise<Answer> =>
  answerOf(await client.post(`${mount}?origin=${encodeURIComponent(origin)}`, multipart, headers));

const runInNode = async (row: Row, origin: string): Promise<Answer> => {
  const script = path.join(import.meta.dirname, 'plain-server.ts');
  const child = spawn(process.execPath, ['--no-warnings', script, row.folder, String(expressOf(row))], { stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  try {
    const [line] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown];
    if (!Buffer.isBuffer(line)) return { status: 0, text: `does not start: ${errors.split('\n').find((one) => /Error/.test(one)) ?? ''}` };
    const client = makeClient((JSON.parse(String(line)) as { readonly port: number }).port);
    try {
      return await ask(client, '/', origin);
    } finally {
      client.close();
    }
  } finally {
    child.kill('SIGKILL');
  }
};

const worked = ({ status, text }: Answer): boolean => status >= 200 && status < 300 && !text.startsWith('{"threw"');
const short = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}…` : text);

/** What is first unlike: enough to look at it. */
const sayUnlike = (cell: Answer, node: Answer): string => {
  if (cell.status !== node.status) return `answers ${cell.status} ${short(cell.text)}; in Node ${node.status} ${short(node.text)}`;
  let at = 0;
  while (at < cell.text.length && cell.text[at] === node.text[at]) at += 1;
  const from = Math.max(0, at - 40);
  return `answers …${cell.text.slice(from, at + 120)}; in Node …${node.text.slice(from, at + 120)}`;
};

const judge = (row: Row, node: Answer, cell: Answer | string): Outcome => {
  const { refused } = row.use;
  const said = typeof cell === 'string' ? cell : cell.text;
  if (refused !== undefined) {
    const clearly = (typeof cell === 'string' || !worked(cell)) && refused.how.test(said);
    return clearly ? { outcome: 'refused', note: refused.why } : { outcome: 'fails', note: `is to be refused, and: ${short(said)}` };
  }
  if (!worked(node)) return { outcome: 'fails', note: `does not run in Node either: ${short(node.text)}` };
  if (typeof cell === 'string') return { outcome: 'fails', note: short(cell) };
  return cell.status === node.status && cell.text === node.text
    ? { outcome: 'same', note: '' }
    : { outcome: 'fails', note: sayUnlike(cell, node) };
};

/** All in one runtime; a row that is refused there says why. */
export const runRows = async (rows: readonly Row[], origin: string): Promise<ReadonlyMap<Row, Outcome>> => {
  const runtime = await openTestRuntime({
    extensions: {},
    options: {
      extensions: rows.map(({ folder }) => folder),
      egress: { internalOrigins: [origin] },
      packages: { bundleMs: 120_000, sourceFiles: 20_000 },
    },
  });
  const outcomes = new Map<Row, Outcome>();
  try {
    for (const row of rows) {
      const node = await runInNode(row, origin);
      const refusal = runtime.runtime.refused().find(({ folder }) => folder === row.folder);
      const cell = refusal === undefined ? await ask(runtime, `/${row.id}`, origin) : String(refusal.error.message);
      outcomes.set(row, judge(row, node, cell));
    }
  } finally {
    await runtime.close();
  }
  return outcomes;
};
