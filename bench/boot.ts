// From a sleeping extension to the first byte of its answer. Must never count an answer of a cell that was awake.
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { copyName, withCopies } from './copies.ts';

export interface BootRow {
  readonly database: boolean;
  readonly samples: number;
  readonly medianMs: number;
  readonly p90Ms: number;
  readonly maxMs: number;
}

const extensions = 12;
const idleMs = 250;
/** Each extension is asked again only after all others: long after it fell asleep, and with time for a spare between. */
const gapMs = 75;

const firstByte = (agent: Agent, url: string): Promise<{ readonly milliseconds: number; readonly status: number; readonly body: string }> =>
  new Promise((resolve, reject) => {
    const startedAt = performance.now();
    get(url, { agent }, (response) => {
      const milliseconds = performance.now() - startedAt;
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ milliseconds, status: response.statusCode ?? 0, body }));
    }).on('error', reject);
  });

const collect = async (port: number, samples: number): Promise<readonly number[]> => {
  // One connection, opened beforehand: connecting is no part of waking.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const urlOf = (index: number): string => `http://127.0.0.1:${port}/${copyName(index)}`;
  const times: number[] = [];
  for (let index = 0; index < extensions; index += 1) await firstByte(agent, urlOf(index));
  await sleep(idleMs * 3);
  for (let asked = 0; asked < samples * 2 && times.length < samples; asked += 1) {
    await sleep(gapMs);
    const { milliseconds, status, body } = await firstByte(agent, urlOf(asked % extensions));
    if (status !== 200) throw new Error(`a sleeping extension answered ${status}: ${body}`);
    if (body === '1') times.push(milliseconds);
  }
  agent.destroy();
  if (times.length === samples) return times;
  throw new Error(`only ${times.length} of ${samples * 2} requests met a sleeping extension: cells did not fall asleep after ${idleMs} ms`);
};

export const measureBoot = async (samples: number, database: boolean, databaseUrl: string): Promise<BootRow> => {
  const settings = { databaseUrl, wards: { cellIdleMs: idleMs } };
  const times = await withCopies(extensions, database, settings, ({ port }) => collect(port, samples));
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { database, samples, medianMs: at(0.5), p90Ms: at(0.9), maxMs: at(1) };
};
