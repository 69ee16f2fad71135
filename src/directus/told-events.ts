// What of Directus's events a cell is told, and what of its answer counts: pure. Must never tell a password or a token, nor let an extension say who somebody is.

export type Meta = Readonly<Record<string, unknown>>;

/** Their payload is no data (a response, an error, a connection), and so is what their filters give. */
const untold = /^(?:websocket\..*|cli\..*|database\.error|request\.not_found)$/;

/** They decide who somebody is, or hold what a mailer takes files from: a filter may refuse, and changes nothing. */
const fixed = /^(?:authenticate|auth\..*|email\.send)$/;

/** Of accounts and logins. */
const aboutPeople = /^(?:auth\.|(?:users|shares)\.(?:create|update)$)/;
const secretKeys: ReadonlySet<string> = new Set([
  'password',
  'otp',
  'token',
  'tfa_secret',
  'auth_data',
  'session',
  'access_token',
  'refresh_token',
]);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const split = (value: unknown, keep: (key: string) => boolean): unknown =>
  isRecord(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => keep(key))) : value;
const withoutSecrets = (value: unknown): unknown => split(value, (key) => !secretKeys.has(key));
const secretsOf = (value: unknown): object => (isRecord(value) ? (split(value, (key) => secretKeys.has(key)) as object) : {});

export const isTold = (event: string): boolean => !untold.test(event);

/** What goes over as payload. */
export const toldPayload = (event: string, payload: unknown): unknown => (aboutPeople.test(event) ? withoutSecrets(payload) : payload);

/** `response` brings headers with tokens, and a query that can hold one. */
const withoutHeaders = ({ request, response, ...meta }: Meta): Meta => {
  const { method, path, host, size } = isRecord(request) ? request : {};
  return { ...meta, request: { method, path, host, size }, response: split(response, (key) => key !== 'headers') };
};

export const toldMeta = (event: string, meta: Meta): Meta => {
  if (event === 'response') return withoutHeaders(meta);
  return aboutPeople.test(event) ? { ...meta, payload: withoutSecrets(meta['payload']) } : meta;
};

/** What Directus gets back of a filter: `before` is what it gave, `told` what was told of it, `after` what the listeners left. */
export const takenPayload = (event: string, before: unknown, told: unknown, after: unknown): unknown => {
  if (after === told || fixed.test(event)) return before;
  // A password is said by people alone.
  return aboutPeople.test(event) && isRecord(after) ? { ...(withoutSecrets(after) as object), ...secretsOf(before) } : after;
};
