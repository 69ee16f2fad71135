// `npm run test:image`: builds deploy/Dockerfile step by step in folders, and runs it under runc as uid 10001 with a read-only root and without a capability. Needs root and Debian's mmdebstrap, runc and golang-github-containers-common. Must never leave a container, a mount or a folder behind.
import { execFileSync, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildImage, type Image } from './build-image.ts';
import { writeBundle } from './container.ts';

const root = dirname(dirname(import.meta.dirname));
const seccompFile = '/usr/share/containers/seccomp.json';
/** The base without Node: kept, since it is a minute's work. */
const baseCache = process.env['CLOISTER_IMAGE_CACHE'] ?? join(tmpdir(), 'cloister-image');
const examples = ['greet', 'bare'];

const missing = [
  ...(process.getuid?.() === 0 ? [] : ['root']),
  ...['mmdebstrap', 'runc', 'unshare'].filter((name) => spawnSync('which', [name]).status !== 0),
  ...(existsSync(seccompFile) ? [] : ['golang-github-containers-common']),
];
if (missing.length > 0) {
  console.error(`test:image needs ${missing.join(', ')}: as root, apt-get install mmdebstrap runc golang-github-containers-common`);
  process.exit(2);
}

/** What `node:24…-bookworm-slim` is made of: Debian's minimal system, Node and npm under /usr/local. */
const makeBase = (image: string, target: string): void => {
  const [, version = '', suite = ''] = /^node:([\d.]+)-(\w+)-slim$/.exec(image) ?? [];
  const nodePackage = join(root, 'node_modules', `node-linux-${process.arch}`);
  const found = execFileSync(join(nodePackage, 'bin/node'), ['-v'], { encoding: 'utf8' }).trim();
  if (found !== `v${version}`) throw new Error(`${image}: node_modules has Node ${found}`);
  const base = join(baseCache, suite);
  if (!existsSync(join(base, 'usr/bin/perl'))) {
    mkdirSync(baseCache, { recursive: true });
    execFileSync('mmdebstrap', ['--variant=minbase', '--quiet', suite, base], { stdio: 'inherit' });
  }
  execFileSync('cp', ['-a', base, target]);
  copyFileSync(join(nodePackage, 'bin/node'), join(target, 'usr/local/bin/node'));
  const npm = realpathSync(join(realpathSync(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim()), '../..'));
  cpSync(npm, join(target, 'usr/local/lib/node_modules/npm'), { recursive: true });
  for (const name of ['npm', 'npx']) symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(target, 'usr/local/bin', name));
};

const folder = mkdtempSync(join(tmpdir(), 'cloister-image-'));
let passed = 0;
let failed = 0;
const check = (name: string, holds: boolean, detail = ''): void => {
  console.log(`${holds ? '✔' : '✖'} ${name}${holds || detail === '' ? '' : `\n    ${detail.slice(-3_000)}`}`);
  if (holds) passed += 1;
  else failed += 1;
};

const runc = (...args: readonly string[]): SpawnSyncReturns<string> => spawnSync('runc', args, { encoding: 'utf8', timeout: 60_000 });

interface Container {
  readonly exec: (args: readonly string[]) => SpawnSyncReturns<string>;
  readonly output: () => string;
  /** Sends SIGTERM and gives the exit code. */
  stop(): Promise<number | null>;
}

const run = (
  image: Image,
  args: readonly string[],
  { namespaces, tmp }: { readonly namespaces: boolean; readonly tmp: boolean },
): Container => {
  const name = `cloister-image-${randomBytes(4).toString('hex')}`;
  const bundle = mkdtempSync(join(folder, 'bundle-'));
  writeBundle({
    image,
    folder: bundle,
    args,
    env: [],
    mounts: examples.map((example) => ({ source: join(root, 'extensions', example), destination: `/extensions/${example}` })),
    seccompFile,
    namespaces,
    cgroup: `/${name}`,
    tmp,
  });
  let output = '';
  const child = spawn('runc', ['run', '--bundle', bundle, name], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => void (output += part.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    exec: (command) => runc('exec', name, ...command),
    output: () => output,
    async stop() {
      runc('kill', name, 'TERM');
      const code = await Promise.race([ended, sleep(60_000, null)]);
      runc('delete', '--force', name);
      return code;
    },
  };
};

const untilSays = async (container: Container, text: RegExp, forMs: number): Promise<boolean> => {
  for (const until = performance.now() + forMs; performance.now() < until; await sleep(200)) if (text.test(container.output())) return true;
  return false;
};

const ask = (path: string): readonly string[] => [
  'node',
  '-e',
  `fetch('http://127.0.0.1:8055${path}').then(async (reply) => console.log(reply.status, (await reply.text()).slice(0, 200)))`,
];

const inspect = String.raw`
  const fs = require('node:fs');
  const status = fs.readFileSync('/proc/1/status', 'utf8');
  const of = (name) => new RegExp('^' + name + ':\\s+(.*)$', 'm').exec(status)?.[1] ?? '';
  const writable = [];
  for (const place of ['/', '/app', '/app/dist', '/etc/cloister', '/extensions', '/home', '/var/tmp', '/usr/local/bin', '/tmp'])
    try { fs.writeFileSync(place + '/x', ''); writable.push(place); } catch {}
  console.log(JSON.stringify({ uid: of('Uid').split(/\s+/)[0], caps: of('CapEff'), bounding: of('CapBnd'), privileges: of('NoNewPrivs'), seccomp: of('Seccomp'), writable }));`;

const serve = async (image: Image, namespaces: boolean): Promise<void> => {
  const engine = namespaces ? 'profile of Podman and CRI-O' : 'profile of Docker and containerd';
  const container = run(image, [...image.entrypoint, ...image.command, '--approve', 'requested'], { namespaces, tmp: false });
  try {
    check(`${engine}: it serves`, await untilSays(container, /Cloister serves/, 60_000), container.output());
    const state = container.exec(['node', '-e', inspect]);
    check(
      'as uid 10001, without capabilities, no new privileges, seccomp on, nothing writable',
      state.stdout.trim() ===
        '{"uid":"10001","caps":"0000000000000000","bounding":"0000000000000000","privileges":"1","seccomp":"2","writable":[]}',
      state.stdout + state.stderr,
    );
    const health = container.exec(image.healthCheck);
    check('HEALTHCHECK holds', health.status === 0, health.stderr);
    for (const path of ['/_cloister/ready', '/greet', '/bare']) {
      const reply = container.exec(ask(path));
      check(`GET ${path} is answered`, /^200 /.test(reply.stdout), reply.stdout + reply.stderr);
    }
    const held = /wards are held back by (.*)/.exec(container.output())?.[1] ?? '';
    console.log(`    wards are held back by ${held}`);
    for (const line of container.output().match(/not by .*/g) ?? []) console.log(`    ${line}`);
    check(
      'wards are held back by permission, limits, files and calls',
      ['permission', 'limits', 'files', 'calls'].every((one) => held.includes(one)),
      held,
    );
  } finally {
    check('SIGTERM ends it with 0', (await container.stop()) === 0, container.output());
  }
};

try {
  console.log('building deploy/Dockerfile');
  const npmCache = join(baseCache, 'npm');
  mkdirSync(npmCache, { recursive: true });
  const image = buildImage({ dockerfile: join(root, 'deploy/Dockerfile'), context: root, makeBase, folder, npmCache });
  console.log(`  ${execFileSync('du', ['-sh', join(image.root, 'app')], { encoding: 'utf8' }).split('\t')[0] ?? ''} in /app`);
  for (const namespaces of [false, true]) await serve(image, namespaces);
  const doctor = run(image, [...image.entrypoint, 'doctor', '--config', '/etc/cloister/cloister.json'], { namespaces: false, tmp: true });
  const said = await untilSays(doctor, /\d+ hold, \d+ are not here, \d+ fail/, 180_000);
  console.log(doctor.output().replaceAll(/^/gm, '    '));
  check('the doctor finds that what is asked for holds', said && /, 0 fail\n/.test(doctor.output()), doctor.output());
  await doctor.stop();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
