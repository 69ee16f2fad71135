// What the commands of the registry print. Pure; must never show a word of a package's or a host's as it is.
import { showText } from '../config/show.ts';
import type { Changed } from '../registry/applied.ts';
import type { RegistryStatus } from '../registry/registry.ts';
import type { Deployment, Release } from '../registry/state.ts';

const short = (digest: string): string => digest.slice(0, 12);
const silentMs = 60_000;

/** Every host that is heard of serves what is deployed, all of it. */
export const allServe = ({ revision, hosts }: RegistryStatus, nowMs: number): boolean =>
  hosts.every((host) => host.revision === revision && nowMs - Date.parse(host.at) <= silentMs && Object.keys(host.failed).length === 0);

const percent = (share: number): string => `${String(Math.round(share * 1_000) / 10)}%`;

export const showChanged = ({ revision, deployment, applied, notApplied }: Changed): readonly string[] => {
  const { extension, reason, enabled, tenants } = deployment;
  const whom = tenants === null ? '' : `, for ${tenants.map((one) => showText(one)).join(', ') || 'nobody'}`;
  const hosts = applied === null && (notApplied ?? null) === null ? '; hosts follow, `cloister status` says how far they are' : '';
  return [
    `${extension}: ${showText(reason, 300)}${enabled ? '' : ' (disabled)'}${whom}, revision ${revision}${hosts}`,
    ...(applied?.failed ?? []).map(({ code, message }) => `  NOT SERVED on that host: ${code}: ${showText(message, 500)}`),
    ...((notApplied ?? null) === null
      ? []
      : [
          `  IT IS CHANGED, do not change it again: that host could not look at it yet (${notApplied?.code}: ${showText(notApplied?.message ?? '', 300)}) and goes on trying; \`cloister status\` says how far it is`,
        ]),
  ];
};

const stateOf = ({ digest }: Release, deployment: Deployment | undefined): string => {
  if (deployment === undefined) return '';
  if (deployment.canary?.digest === digest) return `canary, ${percent(deployment.canary.share)}`;
  if (deployment.current === digest) return deployment.enabled ? 'serves' : 'disabled';
  const back = deployment.previous.indexOf(digest);
  return back < 0 ? '' : `rollback ${String(back + 1)}`;
};

export const showReleases = (releases: readonly Release[], deployments: readonly Deployment[]): readonly string[] => {
  const of = new Map(deployments.map((one) => [one.extension, one]));
  const lines = releases.map((one) =>
    [one.extension, showText(one.version), short(one.digest), one.at.slice(0, 19), showText(one.by), stateOf(one, of.get(one.extension))]
      .join('  ')
      .trimEnd(),
  );
  return lines.length === 0 ? ['nothing was deployed yet'] : lines;
};

export const showStatus = (
  { revision, deployments, hosts }: RegistryStatus,
  releases: readonly Release[],
  nowMs: number,
): readonly string[] => {
  const versions = new Map(releases.map(({ digest, version }) => [digest, version]));
  const name = (digest: string): string => `${showText(versions.get(digest) ?? '?')} (${short(digest)})`;
  const deployed = deployments.map(({ extension, current, canary, enabled, tenants, changedAt, changedBy, reason }) =>
    [
      `  ${extension}  ${enabled ? '' : 'DISABLED '}${name(current)}`,
      canary === null ? '' : `, canary ${name(canary.digest)} ${percent(canary.share)}`,
      tenants === null ? '' : `, for ${String(tenants.length)} tenants`,
      `  – ${showText(reason, 200)}, by ${showText(changedBy)} at ${changedAt.slice(0, 19)}`,
    ].join(''),
  );
  const told = hosts.flatMap((host) => {
    const ageMs = nowMs - Date.parse(host.at);
    const behind = host.revision === revision ? '' : ` (revision ${host.revision})`;
    const silent = ageMs > silentMs ? `, SILENT for ${String(Math.round(ageMs / 1_000))} s` : '';
    return [
      `  ${showText(host.host)}  ${String(Object.keys(host.serving).length)} served${behind}${silent}`,
      ...Object.entries(host.failed).map(([extension, why]) => `    NOT SERVED: ${showText(extension)}: ${showText(why, 500)}`),
    ];
  });
  return [`revision ${revision}, ${deployments.length} deployed`, ...deployed, `${hosts.length} hosts`, ...told];
};
