// Why a request did not come about, in words an extension may read. Must never hold an address, a secret or a stack of the host.
import { CloisterError } from '../../errors.ts';

export class EgressError extends Error {
  readonly kind: 'blocked' | 'failed' | 'too-large';
  constructor(kind: EgressError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

const codeOf = { blocked: 'ERR_EGRESS_BLOCKED', failed: 'ERR_EGRESS_FAILED', 'too-large': 'ERR_EGRESS_FAILED' } as const;

/** Codes that say nothing of what is inside the network. */
const tellable: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

const reasonOf = (error: unknown): string | null => {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    const { code } = cause as { readonly code?: unknown };
    if (typeof code === 'string' && tellable.has(code)) return code;
  }
  return null;
};

const ownError = (error: unknown): EgressError | null => {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1)
    if (cause instanceof EgressError) return cause;
  return null;
};

/** One error for the guest, whatever undici, TLS or the resolver threw. */
export const makeEgressError = (error: unknown, origin: string): CloisterError => {
  if (error instanceof CloisterError) return error;
  const own = ownError(error);
  if (own !== null) return new CloisterError(codeOf[own.kind], `${origin}: ${own.message}`, { origin });
  const reason = reasonOf(error);
  return new CloisterError('ERR_EGRESS_FAILED', `${origin}: ${reason ?? 'the request failed'}`, {
    origin,
    ...(reason === null ? {} : { reason }),
  });
};
