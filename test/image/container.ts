// An OCI bundle of an image, as a cluster runs one whose securityContext is that of deploy/kubernetes. Must never give it a capability or a writable root.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Image } from './build-image.ts';

interface SeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly args?: readonly unknown[] | null;
  readonly includes?: { readonly caps?: readonly string[]; readonly arches?: readonly string[] };
  readonly excludes?: { readonly caps?: readonly string[]; readonly arches?: readonly string[] };
  readonly errnoRet?: number;
}

/** What an engine makes of its default profile for a container without capabilities. `namespaces`: whether its processes may make user namespaces (Podman, CRI-O) or not (Docker, containerd). */
const seccompOf = (file: string, namespaces: boolean): object => {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as { readonly defaultAction: string; readonly syscalls: readonly SeccompRule[] };
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const forbidden = new Set(
    namespaces ? [] : ['unshare', 'setns', 'clone3', 'mount', 'umount2', 'pivot_root', 'open_tree', 'move_mount', 'fsopen'],
  );
  const rules = profile.syscalls
    .filter(
      ({ includes, excludes }) =>
        includes?.caps === undefined && (includes?.arches?.includes(arch) ?? true) && !(excludes?.arches?.includes(arch) ?? false),
    )
    .map(({ names, action, args, errnoRet }) => ({
      names: names.filter((name) => !forbidden.has(name)),
      action,
      ...(args === undefined || args === null ? {} : { args }),
      ...(errnoRet === undefined ? {} : { errnoRet }),
    }))
    .filter(({ names }) => names.length > 0);
  // A C library asks for clone3 first, and goes on with clone where it is told that there is none.
  const clone3 = namespaces ? [] : [{ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }];
  return {
    defaultAction: profile.defaultAction,
    architectures: [arch === 'amd64' ? 'SCMP_ARCH_X86_64' : 'SCMP_ARCH_AARCH64'],
    syscalls: [...rules, ...clone3],
  };
};

export interface BundleOptions {
  readonly image: Image;
  readonly folder: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly mounts: readonly { readonly source: string; readonly destination: string }[];
  readonly seccompFile: string;
  readonly namespaces: boolean;
  readonly cgroup: string;
  /** A file system in memory at /tmp: the doctor needs one, a host does not. */
  readonly tmp: boolean;
}

export const writeBundle = ({ image, folder, args, env, mounts, seccompFile, namespaces, cgroup, tmp }: BundleOptions): void => {
  const [uid = 0, gid = 0] = image.user.split(':').map(Number);
  const none = { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] };
  const config = {
    ociVersion: '1.0.2',
    process: {
      user: { uid, gid },
      args,
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...image.env, ...env],
      cwd: image.workdir,
      capabilities: none,
      noNewPrivileges: true,
    },
    root: { path: image.root, readonly: true },
    hostname: 'cloister',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'] },
      ...(tmp
        ? [{ destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'noexec', 'mode=1777', 'size=65536k'] }]
        : []),
      ...mounts.map(({ source, destination }) => ({ destination, source, type: 'bind', options: ['rbind', 'ro'] })),
    ],
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount', 'network'].map((type) => ({ type })),
      cgroupsPath: cgroup,
      resources: { memory: { limit: 1_073_741_824 }, pids: { limit: 512 } },
      seccomp: seccompOf(seccompFile, namespaces),
      maskedPaths: [
        '/proc/acpi',
        '/proc/kcore',
        '/proc/keys',
        '/proc/latency_stats',
        '/proc/timer_list',
        '/proc/sched_debug',
        '/sys/firmware',
      ],
      readonlyPaths: ['/proc/asound', '/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config, null, 1));
};
