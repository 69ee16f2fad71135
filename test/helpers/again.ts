// Asks until there is an answer as it should be: what was ended a moment ago is served again soon, how soon depends on what else the machine does.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Reply } from './client.ts';

const rounds = 60;
const pauseMs = 150;

/** The first reply of 200, or the last of another status. */
export const askAgain = async (client: Client, path: string): Promise<Reply> => {
  for (let round = 1; ; round += 1) {
    const reply = await client.get(path);
    if (reply.status === 200 || round >= rounds) return reply;
    await sleep(pauseMs);
  }
};
