// Does what a Dockerfile says, step by step, in folders, as an image builder would: for machines that have no Docker. Must never do a step that it does not know.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Copy, DockerfileParser, type From, type Instruction, type JSONInstruction } from 'dockerfile-ast';

export interface Image {
  readonly root: string;
  readonly env: readonly string[];
  readonly workdir: string;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
}

interface Stage {
  root: string;
  env: string[];
  workdir: string;
  user: string;
  entrypoint: readonly string[];
  command: readonly string[];
  healthCheck: readonly string[];
}

export interface BuildOptions {
  readonly dockerfile: string;
  readonly context: string;
  /** Makes the root of the image that FROM names. */
  makeBase(image: string, root: string): void;
  /** Where the stages' roots are put. */
  readonly folder: string;
  /** Kept from build to build. */
  readonly npmCache: string;
}

/** Only the form that ours has: all is left out but what is named after a "!", and of that what ends as a line of two stars says. */
export const readIgnore = (context: string): { readonly names: readonly string[]; readonly leaves: (path: string) => boolean } => {
  const lines = readFileSync(join(context, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const endings = lines.filter((line) => line.startsWith('**/*')).map((line) => line.slice(4));
  const names = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  if (lines[0] !== '*' || lines.length !== 1 + endings.length + names.length) throw new Error('.dockerignore: a form this does not know');
  return { names, leaves: (path) => endings.some((ending) => path.endsWith(ending)) };
};

/** As Docker does: of a folder its contents, a file into a folder or as the name given. */
const copyInto = (source: string, target: string, intoFolder: boolean): void => {
  if (statSync(source).isDirectory()) {
    mkdirSync(target, { recursive: true });
    execFileSync('cp', ['-a', `${source}/.`, target]);
    return;
  }
  const file = intoFolder ? join(target, basename(source)) : target;
  mkdirSync(dirname(file), { recursive: true });
  cpSync(source, file);
};

const listOf = (instruction: JSONInstruction): readonly string[] =>
  instruction.getJSONStrings().map((one) => JSON.parse(one.getValue()) as string);

/** In a root of its own, with the network and the packages' cache of this machine. */
const runStep = (stage: Stage, command: string, npmCache: string): void => {
  const certificates = process.env['NODE_EXTRA_CA_CERTS'] ?? '/etc/ssl/certs/ca-certificates.crt';
  for (const file of ['/etc/resolv.conf', certificates].filter((one) => existsSync(one))) {
    mkdirSync(join(stage.root, dirname(file)), { recursive: true });
    writeFileSync(join(stage.root, file), readFileSync(file));
  }
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  const script = `
    set -e
    mkdir -p "$0/npm-cache"; mount --bind "$1" "$0/npm-cache"; mount -t proc proc "$0/proc"
    exec chroot "$0" /bin/sh -c 'cd "$0" && eval "$1"' "$2" "$3"`;
  const { status } = spawnSync('unshare', ['--mount', 'sh', '-c', script, stage.root, npmCache, stage.workdir, command], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      ...Object.fromEntries(stage.env.map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string])),
      NODE_EXTRA_CA_CERTS: certificates,
      npm_config_cache: '/npm-cache',
      npm_config_prefer_offline: 'true',
      npm_config_registry: registry,
      npm_config_cafile: certificates,
    },
  });
  if (status !== 0) throw new Error(`RUN ${command}: ended with ${String(status)}`);
};

const copyStep = (copy: Copy, stage: Stage, stages: ReadonlyMap<string, Stage>, context: string): void => {
  const paths = copy.getArguments().map((one) => one.getValue());
  const to = paths.at(-1) ?? '';
  const target = join(stage.root, resolve(stage.workdir, to));
  const from = copy.getFromFlag()?.getValue() ?? null;
  const intoFolder = to.endsWith('/') || paths.length > 2;
  if (from !== null) {
    const root = stages.get(from)?.root;
    if (root === undefined) throw new Error(`COPY --from=${from}: there is no such stage`);
    for (const path of paths.slice(0, -1)) copyInto(join(root, path), target, intoFolder);
    return;
  }
  const { names, leaves } = readIgnore(context);
  for (const path of paths.slice(0, -1)) {
    if (path !== '.' && !names.includes(path)) throw new Error(`COPY ${path}: .dockerignore keeps it out of the context`);
    for (const name of path === '.' ? names : [path]) {
      if (path !== '.') copyInto(join(context, name), target, intoFolder);
      else cpSync(join(context, name), join(target, name), { recursive: true, filter: (one) => !leaves(one) });
    }
  }
};

const doStep = (instruction: Instruction, stage: Stage, stages: ReadonlyMap<string, Stage>, options: BuildOptions): void => {
  const text = (instruction.getArgumentsContent() ?? '').replaceAll(/\s+/g, ' ');
  switch (instruction.getKeyword()) {
    case 'WORKDIR':
      stage.workdir = resolve(stage.workdir, text);
      mkdirSync(join(stage.root, stage.workdir), { recursive: true });
      return;
    case 'ENV':
      stage.env.push(text);
      return;
    case 'USER':
      stage.user = text;
      return;
    case 'COPY':
      copyStep(instruction as Copy, stage, stages, options.context);
      return;
    case 'RUN':
      runStep(stage, text, options.npmCache);
      return;
    case 'ENTRYPOINT':
      stage.entrypoint = listOf(instruction as JSONInstruction);
      return;
    case 'CMD':
      stage.command = listOf(instruction as JSONInstruction);
      return;
    case 'HEALTHCHECK':
      stage.healthCheck = JSON.parse(text.slice(text.indexOf('['))) as readonly string[];
      return;
    case 'LABEL':
    case 'EXPOSE':
    case 'STOPSIGNAL':
      return;
    default:
      throw new Error(`${instruction.getKeyword()}: a step this does not know`);
  }
};

export const buildImage = (options: BuildOptions): Image => {
  const stages = new Map<string, Stage>();
  let stage: Stage | null = null;
  for (const instruction of DockerfileParser.parse(readFileSync(options.dockerfile, 'utf8')).getInstructions()) {
    console.log(`  ${instruction.getKeyword()} ${(instruction.getArgumentsContent() ?? '').replaceAll(/\s+/g, ' ').slice(0, 100)}`);
    if (instruction.getKeyword() === 'FROM') {
      const from = instruction as From;
      const root = join(options.folder, `stage-${String(stages.size)}`);
      options.makeBase(from.getImage() ?? '', root);
      stage = { root, env: [], workdir: '/', user: '0:0', entrypoint: [], command: [], healthCheck: [] };
      stages.set(from.getBuildStage() ?? '', stage);
      continue;
    }
    if (stage === null) throw new Error(`${instruction.getKeyword()} before FROM`);
    doStep(instruction, stage, stages, options);
  }
  if (stage === null) throw new Error('no FROM');
  return stage;
};
