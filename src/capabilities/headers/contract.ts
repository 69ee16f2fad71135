// Which headers of a client's request an extension sees beside the plain ones. Must never have a method that gives one: the host filters before the guest runs.
import { type Static, Type } from '#typebox';
import type { CapabilityContract } from '../../bridge/capability.ts';
import { headersBounds } from './bounds.ts';

/** Lower case, as they arrive. Framing and hop-by-hop headers are the host's own. */
const name = Type.String({
  pattern: "^(?!(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$)[!#$%&'*+.^_`|~0-9a-z-]+$",
  maxLength: headersBounds.nameChars.value,
});

export const headersGrant = Type.Object(
  { names: Type.Array(name, { uniqueItems: true, maxItems: headersBounds.names.value }) },
  { additionalProperties: false },
);
export type HeadersGrant = Static<typeof headersGrant>;

const readArgs = Type.Object({ name }, { additionalProperties: false });
export type ReadArgs = Static<typeof readArgs>;

export const headersContract: CapabilityContract = {
  name: 'headers',
  grant: headersGrant,
  methods: {
    /** Tells that a value the guest has already was looked at: what a least grant is learned from. */
    read: {
      args: readArgs,
      reply: false,
      note: true,
      effect: () => false,
      summarize: (args) => ({ name: (args as ReadArgs).name }),
    },
  },
};
