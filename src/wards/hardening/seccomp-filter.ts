// The classic-BPF program that the kernel asks at each system call of a ward. Must never let a call through that it cannot judge: another processor's numbers end the process.
import { numberOf, type Processor } from './system-calls.ts';

// linux/filter.h, linux/seccomp.h, linux/audit.h
const load = 0x20;
const jumpIfEqual = 0x15;
const jumpIfAtLeast = 0x35;
const jumpIfSet = 0x45;
const answer = 0x06;
const allow = 0x7fff0000;
const kill = 0x80000000;
const refuse = 0x00050000;
const notPermitted = 1;
const notThere = 38;
const architectures: Readonly<Record<Processor, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 };
/** Calls of the x32 ABI have this bit; nothing of ours uses them. */
const x32Bit = 0x40000000;
const numberAt = 0;
const architectureAt = 4;
/** The low half of an argument; both processors are little-endian. */
const argumentAt = (index: number): number => 16 + 8 * index;

const threadFlag = 0x10000;
/** O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND. */
const writingFlags = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000;

/** Stands for the ward's own process id, which the launcher puts in. */
export const ownPid = '{pid}';

/** Answered as if the kernel were too old for them, so that libraries take the older call, which can be judged. */
const unknownCalls = ['clone3', 'openat2', 'io_uring_setup', 'io_uring_enter', 'io_uring_register'];

const refusedCalls: readonly string[] = [
  // Other processes: to start, look into, steer or signal them.
  ...['fork', 'vfork', 'execveat', 'tkill', 'pidfd_open', 'pidfd_getfd', 'pidfd_send_signal', 'ptrace', 'kcmp'],
  ...['process_vm_readv', 'process_vm_writev', 'process_madvise', 'migrate_pages', 'move_pages'],
  // The network, and every other kind of socket.
  ...['socket', 'socketpair', 'connect', 'bind', 'listen', 'accept', 'accept4'],
  // The parts of the kernel in which its faults are found.
  ...['bpf', 'perf_event_open', 'userfaultfd', 'keyctl', 'add_key', 'request_key', 'fanotify_init', 'lookup_dcookie', 'modify_ldt'],
  ...['vmsplice', 'personality', 'uselib', 'ustat', 'sysfs', 'syslog', 'quotactl', 'quotactl_fd', 'acct', 'iopl', 'ioperm'],
  // The machine, its mounts, modules, clock and names.
  ...['mount', 'umount2', 'pivot_root', 'chroot', 'move_mount', 'open_tree', 'fsopen', 'fsconfig', 'fsmount', 'fspick', 'mount_setattr'],
  ...['setns', 'unshare', 'kexec_load', 'kexec_file_load', 'init_module', 'finit_module', 'delete_module', 'reboot', 'swapon', 'swapoff'],
  ...['vhangup', 'settimeofday', 'clock_settime', 'clock_adjtime', 'adjtimex', 'sethostname', 'setdomainname'],
  ...['name_to_handle_at', 'open_by_handle_at'],
  // Changing anything on a disk, and memory that outlives the process.
  ...['creat', 'mknod', 'mknodat', 'mkdir', 'mkdirat', 'link', 'linkat', 'symlink', 'symlinkat', 'rename', 'renameat', 'renameat2'],
  ...['unlink', 'unlinkat', 'rmdir', 'truncate', 'ftruncate', 'fallocate', 'chmod', 'fchmod', 'fchmodat', 'fchmodat2'],
  ...['setxattrat', 'removexattrat', 'file_setattr', 'mq_unlink'],
  ...['chown', 'fchown', 'lchown', 'fchownat', 'setxattr', 'lsetxattr', 'fsetxattr', 'removexattr', 'lremovexattr', 'fremovexattr'],
  ...['utimensat', 'utimes', 'utime', 'futimesat', 'shmget', 'shmat', 'msgget', 'semget', 'mq_open', 'memfd_create', 'memfd_secret'],
  // The processor's time of others: each of them names a process, a group or a user.
  ...['setpriority', 'ioprio_set', 'sched_setscheduler', 'sched_setattr', 'sched_setparam', 'sched_setaffinity'],
  // Other rights than it was started with.
  ...['setuid', 'setgid', 'setreuid', 'setregid', 'setresuid', 'setresgid', 'setgroups', 'setfsuid', 'setfsgid', 'capset'],
];

const hex = (value: number, bytes: number): string => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer.toString('hex');
};

/** `struct sock_filter`. */
const instruction = (code: number, value: number | string, ifTrue = 0, ifFalse = 0): string =>
  hex(code, 2) + hex(ifTrue, 1) + hex(ifFalse, 1) + (typeof value === 'string' ? value : hex(value, 4));

const refuseWith = (errno: number): string => instruction(answer, refuse | errno);

/** The filter as hexadecimal text, eight bytes an instruction. */
export const makeFilter = (processor: Processor): readonly string[] => {
  const whole = (name: string, errno: number): readonly string[] => {
    const number = numberOf(name, processor);
    return number === null ? [] : [instruction(jumpIfEqual, number, 0, 1), refuseWith(errno)];
  };
  /** `checks` end the program one way or the other. */
  const judged = (name: string, argument: number, checks: readonly string[]): readonly string[] => {
    const number = numberOf(name, processor);
    if (number === null) return [];
    return [instruction(jumpIfEqual, number, 0, checks.length + 1), instruction(load, argumentAt(argument)), ...checks];
  };
  const end = [instruction(answer, allow), refuseWith(notPermitted)];
  const onlyIfSet = (flag: number): readonly string[] => [instruction(jumpIfSet, flag, 0, 1), ...end];
  const onlyIfClear = (flags: number): readonly string[] => [instruction(jumpIfSet, flags, 1, 0), ...end];
  const onlyToItself = [instruction(jumpIfEqual, ownPid, 0, 1), ...end];
  const onlyOfItself = [instruction(jumpIfEqual, 0, 1, 0), instruction(jumpIfEqual, ownPid, 0, 1), ...end];
  return [
    instruction(load, architectureAt),
    instruction(jumpIfEqual, architectures[processor], 1, 0),
    instruction(answer, kill),
    instruction(load, numberAt),
    ...(processor === 'x64' ? [instruction(jumpIfAtLeast, x32Bit, 0, 1), instruction(answer, kill)] : []),
    ...judged('clone', 0, onlyIfSet(threadFlag)),
    ...judged('openat', 2, onlyIfClear(writingFlags)),
    ...judged('open', 1, onlyIfClear(writingFlags)),
    ...['kill', 'tgkill', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo'].flatMap((name) => judged(name, 0, onlyToItself)),
    ...judged('prlimit64', 0, onlyOfItself),
    ...unknownCalls.flatMap((name) => whole(name, notThere)),
    ...refusedCalls.flatMap((name) => whole(name, notPermitted)),
    instruction(answer, allow),
  ];
};
