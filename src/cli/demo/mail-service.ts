// The demo host's own service for extensions: takes mails and writes them to the log. Must never send one.
import type { Logger } from 'pino';
import { defineService, type ServiceDefinition } from '../../capabilities/services/definition.ts';

interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** As Directus's own services say it: an extension gets it in this shape, and its client too where the extension hands it on. */
class InvalidPayload extends Error {
  override readonly name = 'DirectusError';
  readonly code = 'INVALID_PAYLOAD';
  readonly status = 400;
  readonly extensions: { readonly reason: string };

  constructor(reason: string) {
    super(`Invalid payload. ${reason}.`);
    this.extensions = { reason };
  }
}

const address = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;

export const makeMailService = (logger: Pick<Logger, 'warn'>): ServiceDefinition => {
  let sent = 0;
  return defineService({
    kind: 'factory',
    service: ({ extension, tenant }) => ({
      send({ to, subject, text }: Mail) {
        if (!address.test(to)) throw new InvalidPayload(`"${to}" is no mail address`);
        sent += 1;
        // The demo's log takes warnings only.
        logger.warn({ extension, tenant, mail: { to, subject, text } }, 'a mail that the demo does not send');
        return { queued: sent };
      },
    }),
    methods: {
      send: {
        args: [
          {
            type: 'object',
            properties: {
              to: { type: 'string', maxLength: 254 },
              subject: { type: 'string', maxLength: 200 },
              text: { type: 'string', maxLength: 10_000 },
            },
            required: ['to', 'subject', 'text'],
            additionalProperties: false,
          },
        ],
        effect: true,
      },
    },
  });
};
