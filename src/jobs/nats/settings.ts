// What an operator says of NATS, made into what connects to it. Must never show a URL: a password may stand in it.
import { CloisterError } from '../../errors.ts';

export interface NatsOption {
  /** `nats://host:4222`, or `tls://`; with `user:password@` or `token@` before the host. Several are one cluster. */
  readonly servers?: string | readonly string[];
  /** Keeps apart several applications of one account. */
  readonly namespace?: string;
  /** A file of credentials (`.creds`), as NATS's own tools make it. */
  readonly credentials?: string;
  /** Files of PEM: who signed the server's certificate, and this host's own certificate and key. */
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** Of the streams, where Cloister makes them. */
  readonly replicas?: number;
}

export interface NatsSettings {
  /** `host:port`, without secrets. */
  readonly servers: readonly string[];
  readonly login:
    | { readonly kind: 'none' }
    | { readonly kind: 'password'; readonly user: string; readonly password: string }
    | { readonly kind: 'token'; readonly token: string }
    | { readonly kind: 'credentials'; readonly file: string };
  readonly tls: { readonly ca: string | null; readonly certificate: string | null; readonly key: string | null } | null;
  readonly namespace: string;
  readonly replicas: number;
}

const refuse = (pointer: string, cause: string): never => {
  throw new CloisterError('ERR_OPTIONS_INVALID', `options#/jobs/nats${pointer}: ${cause}`, {
    where: 'options',
    pointer: `/jobs/nats${pointer}`,
  });
};

const parseUrl = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'nats:' && url.protocol !== 'tls:') || url.hostname === '' || !/^\/?$/.test(url.pathname))
    return refuse('/servers', 'expected URLs as nats://host:4222 or tls://host:4222, found another text');
  return url;
};

const loginOf = ({ username, password }: URL): NatsSettings['login'] => {
  const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)];
  if (user === '' && pass === '') return { kind: 'none' };
  return pass === '' ? { kind: 'token', token: user } : { kind: 'password', user, password: pass };
};

const readLogins = (urls: readonly URL[]): NatsSettings['login'] => {
  try {
    const logins = urls.map(loginOf).filter(({ kind }) => kind !== 'none');
    const [first = { kind: 'none' } as const] = logins;
    if (logins.some((one) => JSON.stringify(one) !== JSON.stringify(first)))
      return refuse('/servers', 'the URLs name different users; they are servers of one cluster, so give one user');
    return first;
  } catch (error) {
    if (error instanceof CloisterError) throw error;
    return refuse('/servers', 'user or password has a "%" that encodes nothing; write it as %25');
  }
};

/** Throws ERR_OPTIONS_INVALID. */
export const parseNats = (option: NatsOption): NatsSettings => {
  const { servers, namespace = 'default', credentials, ca = null, certificate = null, key = null, replicas = 1 } = option;
  const texts = servers === undefined ? [] : typeof servers === 'string' ? [servers] : servers;
  if (texts.length === 0)
    return refuse('', 'there is no server; name one by servers, or in the configuration file by natsUrlKey, a variable that holds its URL');
  const urls = texts.map(parseUrl);
  const inUrl = readLogins(urls);
  if (credentials !== undefined && inUrl.kind !== 'none')
    return refuse('/credentials', 'a user stands in a URL of servers too; keep one of the two');
  if ((certificate === null) !== (key === null)) return refuse('', 'certificate and key belong together; give both or none');
  const isTls = urls.some(({ protocol }) => protocol === 'tls:') || ca !== null || certificate !== null;
  return {
    servers: urls.map(({ hostname, port }) => `${hostname}:${port === '' ? '4222' : port}`),
    login: credentials === undefined ? inUrl : { kind: 'credentials', file: credentials },
    tls: isTls ? { ca, certificate, key } : null,
    namespace,
    replicas,
  };
};
