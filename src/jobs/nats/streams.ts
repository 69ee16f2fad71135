// The two streams of a queue of jobs: made where they are not there, and looked at where they are. Must never change what an operator made.
import type { JetStreamManager, StreamConfig, StreamInfo } from '@nats-io/jetstream';
import { jobBounds } from '../bounds.ts';
import type { Names } from './names.ts';
import type { NatsPackages } from './packages.ts';

const nanosOf = (ms: number): number => ms * 1_000_000;
const dayMs = 86_400_000;
/** The net below all pruning: what is older has long been run, or was dead for a week. */
const oldestMs = jobBounds.deadMs.value + jobBounds.unclaimedMs.value + dayMs;

type Config = Pick<StreamConfig, 'name' | 'subjects' | 'max_msgs_per_subject' | 'max_age' | 'num_replicas'> & Partial<StreamConfig>;

/** docs/jobs.md has the same for an operator who makes them. */
export const makeConfigs = (
  { jetstream: { DiscardPolicy, RetentionPolicy, StorageType } }: NatsPackages,
  names: Names,
  replicas: number,
) => {
  const common = {
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_msgs_per_subject: 1,
    num_replicas: replicas,
  };
  const jobs: Config = {
    ...common,
    name: names.jobs,
    subjects: [names.log, names.parts],
    max_age: nanosOf(oldestMs),
    duplicate_window: nanosOf(jobBounds.keptMs.value),
  };
  const trees: Config = { ...common, name: names.trees, subjects: [names.allTrees], max_age: nanosOf(dayMs) };
  return { jobs, trees };
};

const lookAt = ({ config }: StreamInfo, wanted: Config): void => {
  const wrong = [
    ...(config.max_msgs_per_subject === 1 ? [] : ['max_msgs_per_subject is not 1']),
    ...(config.retention === 'limits' ? [] : ['its retention is not limits']),
    ...(wanted.subjects.every((subject) => config.subjects.includes(subject))
      ? []
      : [`it has not the subjects ${wanted.subjects.join(' ')}`]),
    ...(config.max_age === 0 || config.max_age >= wanted.max_age ? [] : [`its max_age is shorter than ${String(wanted.max_age)} ns`]),
    ...((config.duplicate_window ?? 0) >= (wanted.duplicate_window ?? 0)
      ? []
      : [`its duplicate_window is shorter than ${String(wanted.duplicate_window)} ns`]),
    ...(config.deny_delete === true || config.deny_purge === true ? ['it denies deleting or purging'] : []),
    ...(config.sealed ? ['it is sealed'] : []),
  ];
  if (wrong.length > 0)
    throw new Error(
      `the stream ${wanted.name} of NATS is no queue of jobs: ${wrong.join('; ')}; edit it as docs/jobs.md, "Over NATS", says`,
    );
};

const ensureStream = async (packages: NatsPackages, manager: JetStreamManager, wanted: Config): Promise<StreamInfo> => {
  const find = async (): Promise<StreamInfo | null> => {
    try {
      return await manager.streams.info(wanted.name);
    } catch (error) {
      const { JetStreamApiError, JetStreamApiCodes } = packages.jetstream;
      if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return null;
      throw error;
    }
  };
  // Two hosts that start at once both come here, with the same words: the server makes one.
  const info = (await find()) ?? (await manager.streams.add(wanted));
  lookAt(info, wanted);
  return info;
};

/** Gives what is known of the stream of jobs. */
export const ensureStreams = async (
  packages: NatsPackages,
  manager: JetStreamManager,
  names: Names,
  replicas: number,
): Promise<StreamInfo> => {
  const { jobs, trees } = makeConfigs(packages, names, replicas);
  await ensureStream(packages, manager, trees);
  return await ensureStream(packages, manager, jobs);
};
