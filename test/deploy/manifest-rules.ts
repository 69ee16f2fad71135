// What the manifests of deploy/kubernetes have to keep that no schema knows. Must never ask a cluster.
import { isDeepStrictEqual } from 'node:util';
import type { ConfigFile } from '../../src/config/config-file.ts';
import type { ImageFacts } from './dockerfile-rules.ts';

/** As YAML gave it: only its schema was checked. */
export type Value = undefined | null | string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

/** What is at `path` ("spec.template.0.name"); undefined where it is not. */
export const at = (value: Value, path: string): Value =>
  path
    .split('.')
    .reduce<Value>(
      (inner, key) =>
        inner !== null && typeof inner === 'object' && Object.hasOwn(inner, key)
          ? (inner as { readonly [key: string]: Value })[key]
          : undefined,
      value,
    );
const list = (value: Value): readonly Value[] => (Array.isArray(value) ? (value as readonly Value[]) : []);
const ms = (seconds: Value): number => Number(seconds ?? 0) * 1_000;

export interface Facts {
  readonly documents: readonly Value[];
  readonly image: ImageFacts;
  readonly config: ConfigFile;
  /** Paths that a host answers with 200. */
  readonly answered: readonly string[];
}

/** To end wards and to write out the ledger, after the drain. */
const endingMs = 5_000;

export const findManifestFaults = ({ documents, image, config, answered }: Facts): readonly string[] => {
  const kind = (name: string): Value => documents.find((one) => at(one, 'kind') === name);
  const deployment = kind('Deployment');
  const pod = at(deployment, 'spec.template.spec');
  const host = at(pod, 'containers.0');
  const labels = at(deployment, 'spec.template.metadata.labels');
  const probe = (name: string): Value => at(host, `${name}Probe`);
  const probes = ['startup', 'readiness', 'liveness'].map(probe);
  const { port, drainDelayMs = 0, drainMs = 0 } = config.server;
  const ports = list(at(host, 'ports'));
  const portNames = ports.map((one) => at(one, 'name'));
  const readyMs = ms(at(probe('readiness'), 'periodSeconds')) * Number(at(probe('readiness'), 'failureThreshold') ?? 3);
  const env = new Map(list(at(host, 'env')).map((one) => [at(one, 'name'), at(one, 'valueFrom.secretKeyRef.name')]));
  const mounts = list(at(host, 'volumeMounts'));
  const mountOf = (path: string): Value =>
    mounts.find((one) => path === at(one, 'mountPath') || path.startsWith(`${String(at(one, 'mountPath'))}/`));
  const volumes = list(at(pod, 'volumes'));
  const configMounted = volumes.find((one) => at(one, 'name') === at(mountOf('/etc/cloister/cloister.json') ?? null, 'name')) ?? null;
  const extensions = list(config.options['extensions'] as Value).map(String);
  const ledgerFile = at((config.options['ledger'] ?? null) as Value, 'file');
  const selects = (name: string, path: string): boolean => isDeepStrictEqual(at(kind(name), path), labels);

  const rules: readonly (readonly [fault: string, found: boolean])[] = [
    ['may run as root', at(pod, 'securityContext.runAsNonRoot') !== true || at(host, 'securityContext.runAsNonRoot') === false],
    [
      'not the image’s user',
      `${String(at(pod, 'securityContext.runAsUser'))}:${String(at(pod, 'securityContext.runAsGroup'))}` !== image.user,
    ],
    ['root can be written', at(host, 'securityContext.readOnlyRootFilesystem') !== true],
    ['keeps capabilities', !isDeepStrictEqual(at(host, 'securityContext.capabilities'), { drop: ['ALL'] })],
    [
      'may gain privileges',
      at(host, 'securityContext.allowPrivilegeEscalation') !== false || at(host, 'securityContext.privileged') === true,
    ],
    ['without seccomp', at(pod, 'securityContext.seccompProfile.type') !== 'RuntimeDefault'],
    ['has a token of the cluster', at(pod, 'automountServiceAccountToken') !== false],
    [
      'shares with the node',
      ['hostNetwork', 'hostPID', 'hostIPC'].some((name) => at(pod, name) === true) ||
        volumes.some((one) => at(one, 'hostPath') !== undefined),
    ],
    ['a probe that no host answers', probes.some((one) => !answered.includes(String(at(one ?? null, 'httpGet.path'))))],
    ['restarted where it is only unready', at(probe('liveness'), 'httpGet.path') !== '/_cloister/health'],
    ['served before it is ready', at(probe('readiness'), 'httpGet.path') !== '/_cloister/ready'],
    ['ports that disagree', at(ports[0] ?? null, 'containerPort') !== port || image.port !== port],
    [
      'a port without a name',
      [
        ...probes.map((one) => at(one ?? null, 'httpGet.port')),
        ...list(at(kind('Service'), 'spec.ports')).map((one) => at(one, 'targetPort')),
      ].some((name) => !portNames.includes(name)),
    ],
    [
      'clients kept out',
      !list(at(kind('NetworkPolicy'), 'spec.ingress')).every((one) => list(at(one, 'ports')).some((rule) => at(rule, 'port') === port)),
    ],
    [
      'killed while it drains',
      ms(at(host, 'lifecycle.preStop.sleep.seconds')) + drainDelayMs + drainMs + endingMs > ms(at(pod, 'terminationGracePeriodSeconds')),
    ],
    ['closed while it is asked', drainDelayMs < readyMs],
    [
      'a secret in the open',
      [config.databaseUrlKey, config.adminTokenKey].some((key) => key === null || typeof env.get(key) !== 'string') ||
        config.databaseUrl !== null,
    ],
    ['a configuration that is not there', at(configMounted, 'configMap.name') !== at(kind('ConfigMap'), 'metadata.name')],
    ['extensions that are not there', !extensions.every((path) => mountOf(path) !== undefined)],
    [
      'state of its own',
      typeof ledgerFile === 'string' ||
        at((config.options['ledger'] ?? null) as Value, 'table') === undefined ||
        mounts.some((one) => at(one, 'readOnly') !== true),
    ],
    ['not limited in memory', at(host, 'resources.limits.memory') === undefined || at(host, 'resources.requests.cpu') === undefined],
    [
      'selects other pods',
      !selects('Deployment', 'spec.selector.matchLabels') ||
        !selects('Service', 'spec.selector') ||
        !selects('PodDisruptionBudget', 'spec.selector.matchLabels') ||
        !selects('NetworkPolicy', 'spec.podSelector.matchLabels'),
    ],
    [
      'scales another',
      at(kind('HorizontalPodAutoscaler'), 'spec.scaleTargetRef.name') !== at(deployment, 'metadata.name') ||
        at(deployment, 'spec.replicas') !== undefined,
    ],
    [
      'nodes that cannot be drained',
      Number(at(kind('PodDisruptionBudget'), 'spec.minAvailable')) >= Number(at(kind('HorizontalPodAutoscaler'), 'spec.minReplicas')),
    ],
    [
      'requests of extensions reach the cluster',
      !list(at(kind('NetworkPolicy'), 'spec.egress')).every((rule) =>
        list(at(rule, 'to')).every(
          (to) =>
            at(to, 'ipBlock') === undefined ||
            ['10.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'].every((range) =>
              list(at(to, 'ipBlock.except')).includes(range),
            ),
        ),
      ),
    ],
  ];
  return rules.filter(([, found]) => found).map(([fault]) => fault);
};
