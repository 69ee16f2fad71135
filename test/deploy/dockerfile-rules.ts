// What deploy/Dockerfile has to keep that a linter does not know. Must never touch a disk.
import { type Copy, DockerfileParser, type Instruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';

export interface ImageFacts {
  readonly user: string;
  readonly port: number;
  readonly config: string;
}

const textOf = (instruction: Instruction | undefined): string => instruction?.getArgumentsContent() ?? '';

/** Of the last stage. */
const stageOf = (all: readonly Instruction[]): readonly Instruction[] => all.slice(all.findLastIndex((one) => one.getKeyword() === 'FROM'));

const lastOf = (stage: readonly Instruction[], keyword: string): string => textOf(stage.findLast((one) => one.getKeyword() === keyword));

export const readImageFacts = (text: string): ImageFacts => {
  const stage = stageOf(DockerfileParser.parse(text).getInstructions());
  const copied = stage.filter((one) => one.getKeyword() === 'COPY').map((one) => textOf(one).split(/\s+/));
  return {
    user: lastOf(stage, 'USER'),
    port: Number(lastOf(stage, 'EXPOSE')),
    config: copied.find(([from = '']) => from.endsWith('cloister.json'))?.[0] ?? '',
  };
};

/** `node`: the version the packages bring; the image must not run another. */
export const findDockerfileFaults = (text: string, node: string): readonly string[] => {
  const all = DockerfileParser.parse(text).getInstructions();
  const stage = stageOf(all);
  const of = (keyword: string): readonly string[] => all.filter((one) => one.getKeyword() === keyword).map(textOf);
  const isList = (keyword: string): boolean => /^(?:CMD )?\["/.test(lastOf(stage, keyword));
  const rules: readonly (readonly [fault: string, found: boolean])[] = [
    ['lint', validate(text, {}).length > 0],
    ['base not pinned', of('FROM').some((from) => !new RegExp(`^node:${node.replaceAll('.', '\\.')}-[a-z]+-slim( AS |$)`).test(from))],
    ['runs as root', !/^[1-9]\d{3,}:[1-9]\d{3,}$/.test(lastOf(stage, 'USER')) || of('USER').length !== 1],
    ['entrypoint through a shell', !isList('ENTRYPOINT') || !isList('CMD')],
    ['no health check', !isList('HEALTHCHECK') || !lastOf(stage, 'HEALTHCHECK').includes('/_cloister/health')],
    ['no drain', lastOf(stage, 'STOPSIGNAL') !== 'SIGTERM'],
    ['packages not as locked', of('RUN').some((run) => /npm (?:i|install|add)\b/.test(run))],
    [
      'development packages',
      !of('RUN').some((run) => /npm ci --omit=dev\b/.test(run)) || stage.some((one) => /build\/node_modules/.test(textOf(one))),
    ],
    ['something run in the last stage', stage.some((one) => one.getKeyword() === 'RUN')],
    [
      'something of the checkout in the last stage',
      stage.some(
        (one) => one.getKeyword() === 'COPY' && (one as Copy).getFromFlag() === null && !textOf(one).startsWith('deploy/cloister.json '),
      ),
    ],
    ['fetched from elsewhere', of('ADD').length > 0],
    ['no labels', !lastOf(stage, 'LABEL').includes('org.opencontainers.image.title')],
  ];
  return rules.filter(([, found]) => found).map(([fault]) => fault);
};
