// A real Directus from npm, started on a PostgreSQL of its own with an extensions folder. Must never install anything into the repository, nor leave a process behind.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export const directusVersion = '12.4.1';
/**
 * The app is of the last version that the registry has where the release asks for one that it has not, and the isolate library brings
 * built binaries: nothing is compiled, no install script is run.
 */
const overrides = { '@directus/app': '18.0.0', 'isolated-vm': '7.0.1' };

const startMs = 180_000;

/** Installs it into a folder that is kept between runs. Takes minutes and 700 MB the first time. */
export const installDirectus = async (folder: string): Promise<string> => {
  const cli = join(folder, 'node_modules/directus/cli.js');
  const manifest = JSON.stringify({ private: true, dependencies: { directus: directusVersion }, overrides });
  const file = join(folder, 'package.json');
  if (existsSync(cli) && existsSync(file) && readFileSync(file, 'utf8') === manifest) return cli;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, manifest);
  await promisify(execFile)('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    maxBuffer: 64 * 1024 * 1024,
  });
  return cli;
};

export const admin = { email: 'admin@example.com', password: 'a-long-password' } as const;

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return address.port;
};

export interface RunningDirectus {
  readonly url: string;
  readonly output: () => string;
  close(): Promise<void>;
}

export interface DirectusStart {
  readonly cli: string;
  /** Working folder: uploads and extensions are below it. */
  readonly folder: string;
  readonly databaseUrl: string;
}

/** Fills the database where it is empty, and starts it. */
export const startDirectus = async ({ cli, folder, databaseUrl }: DirectusStart): Promise<RunningDirectus> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const env = {
    PATH: process.env['PATH'],
    HOST: '127.0.0.1',
    PORT: String(port),
    PUBLIC_URL: url,
    KEY: 'a-key-of-the-test',
    SECRET: 'a-secret-of-the-test-that-is-long-enough',
    DB_CLIENT: 'pg',
    DB_CONNECTION_STRING: databaseUrl,
    ADMIN_EMAIL: admin.email,
    ADMIN_PASSWORD: admin.password,
    EXTENSIONS_PATH: join(folder, 'extensions'),
    STORAGE_LOCATIONS: 'local',
    STORAGE_LOCAL_ROOT: join(folder, 'uploads'),
    TELEMETRY: 'false',
    CACHE_ENABLED: 'false',
    RATE_LIMITER_ENABLED: 'false',
    // A busy machine is not what is compared.
    PRESSURE_LIMITER_ENABLED: 'false',
    WEBSOCKETS_ENABLED: 'false',
    LOG_LEVEL: 'info',
    LOG_STYLE: 'raw',
    NODE_ENV: 'production',
  };
  const options = { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 };
  await promisify(execFile)(process.execPath, [cli, 'bootstrap'], options);
  const child: ChildProcess = spawn(process.execPath, [cli, 'start'], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (part: Buffer): void => {
    output = (output + part.toString()).slice(-20_000_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const close = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await once(child, 'exit');
    clearTimeout(timer);
  };
  for (const until = performance.now() + startMs; ; ) {
    const reply = await fetch(`${url}/server/ping`).catch(() => null);
    if (reply?.ok === true) break;
    if (child.exitCode !== null || performance.now() > until) {
      await close();
      throw new Error(`Directus did not start:\n${output}`);
    }
    await sleep(200);
  }
  return { url, output: () => output, close };
};
