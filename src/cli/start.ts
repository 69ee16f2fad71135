// `npm start`: the examples with a PostgreSQL of their own, under .cloister/. Must never touch another database, nor leave a process behind.
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { createRuntime } from '../runtime.ts';
import { acquireLock } from './demo/lock.ts';
import { makeMailService } from './demo/mail-service.ts';
import { openEmbeddedPostgres } from './demo/postgres.ts';
import { seedDemo } from './demo/seed.ts';
import { parsePort } from './serve-options.ts';
import { describe, openServer, untilStopped } from './server.ts';

const host = '127.0.0.1';
const defaultPort = 8055;

/** Runs each closer once, the last opened first. */
const makeClosers = (): { add(close: () => unknown): void; run(): Promise<void> } => {
  const closers: (() => unknown)[] = [];
  return {
    add: (close) => closers.unshift(close),
    run: async () => {
      const failures: unknown[] = [];
      for (const close of closers.splice(0)) {
        // What fails to close must not keep the rest from being closed.
        try {
          await close();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
};

export const start = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({ args: [...args], options: { port: { type: 'string' } } });
  const port = parsePort(values.port) ?? defaultPort;
  const root = process.cwd();
  const folder = join(root, '.cloister');
  mkdirSync(folder, { recursive: true });
  const closers = makeClosers();
  const stopped = untilStopped();
  try {
    const lock = acquireLock(folder);
    closers.add(() => lock.release());
    process.stdout.write('starting PostgreSQL under .cloister/ …\n');
    const postgres = await openEmbeddedPostgres({ folder });
    closers.add(() => postgres.close());
    if (await seedDemo(postgres.url, resolve(root, 'extensions/demo.sql'))) process.stdout.write('created and seeded the demo tables\n');
    const logger = pino({ name: 'cloister', level: 'warn' }, pino.destination({ dest: join(folder, 'cloister.log'), sync: false }));
    const runtime = await createRuntime({
      extensions: [join(root, 'extensions')],
      database: postgres.url,
      approvals: 'requested',
      // The examples may ask this very server: nothing else inside.
      egress: { internalOrigins: [`http://${host}:${port}`] },
      secrets: { COURIER_TOKEN: randomBytes(16).toString('hex') },
      env: {
        GREETING: 'Hello',
        GREETING_URL: `http://${host}:${port}/greet`,
        SECRET: 'an extension that is not granted this must never see it',
      },
      ledger: { file: join(folder, 'ledger.ndjson') },
      services: { MailService: makeMailService(logger) },
      logger,
    });
    closers.add(() => runtime.close());
    const server = await openServer(runtime, host, port);
    closers.add(() => server.close());
    lock.announce(server.url);
    process.stdout.write(
      `${describe(runtime, server.url)}\n  log:  .cloister/cloister.log   ledger: .cloister/ledger.ndjson   Ctrl-C ends everything\n`,
    );
    await stopped;
    process.stdout.write('stopping …\n');
    return 0;
  } finally {
    await closers.run();
  }
};
