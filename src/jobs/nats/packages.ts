// The client of NATS, which only those install who have NATS, and the files it is told of. Must never be loaded where nobody asked for it.
import { access, constants } from 'node:fs/promises';
import type * as JetStream from '@nats-io/jetstream';
import type * as Transport from '@nats-io/transport-node';
import { CloisterError } from '../../errors.ts';
import type { NatsSettings } from './settings.ts';

export interface NatsPackages {
  readonly transport: typeof Transport;
  readonly jetstream: typeof JetStream;
}

const refuse = (pointer: string, cause: string, error: unknown): CloisterError =>
  new CloisterError('ERR_OPTIONS_INVALID', `options#${pointer}: ${cause}`, { where: 'options', pointer }, { cause: error });

/** Throws ERR_OPTIONS_INVALID where they are not installed. */
export const loadNats = async (): Promise<NatsPackages> => {
  try {
    const [transport, jetstream] = await Promise.all([import('@nats-io/transport-node'), import('@nats-io/jetstream')]);
    return { transport, jetstream };
  } catch (error) {
    throw refuse(
      '/jobs/nats',
      'the client of NATS cannot be loaded; npm install @nats-io/transport-node@3 @nats-io/jetstream@3 beside Cloister, or leave jobs.nats out',
      error,
    );
  }
};

/** What a start would otherwise find out at the first event. A server that is away is no reason not to start. */
export const checkNats = async ({ login, tls }: NatsSettings): Promise<void> => {
  await loadNats();
  const files = [
    ['credentials', login.kind === 'credentials' ? login.file : null],
    ['ca', tls?.ca ?? null],
    ['certificate', tls?.certificate ?? null],
    ['key', tls?.key ?? null],
  ] as const;
  for (const [name, file] of files) {
    if (file === null) continue;
    await access(file, constants.R_OK).catch((error: unknown) => {
      throw refuse(`/jobs/nats/${name}`, `${file} cannot be read; name a file that this process may read`, error);
    });
  }
};
