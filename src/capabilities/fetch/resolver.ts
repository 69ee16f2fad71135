// Looks names up, for a connection that is about to be made to just what was found. Must never give an address that was not checked.
import { promises as dns } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isPublicAddress } from './addresses.ts';
import { EgressError } from './egress-error.ts';

/** Every address of a name, or a rejection. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

const systemResolve: Resolve = async (hostname) => (await dns.lookup(hostname, { all: true })).map(({ address }) => address);

/** `servers` empty: as the operating system is set up. */
export const makeResolve = (servers: readonly string[]): Resolve => {
  if (servers.length === 0) return systemResolve;
  const resolver = new dns.Resolver({ timeout: 2_000, tries: 2 });
  resolver.setServers(servers);
  return async (hostname) => {
    const found = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const addresses = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    const [first] = found;
    if (addresses.length === 0 && first?.status === 'rejected') throw first.reason;
    return addresses;
  };
};

const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);

/**
 * What a socket asks before it connects: one look-up, every address checked, and the connection goes to one of exactly these.
 * One inward address among many is enough to refuse: which of them is tried first is for the name's owner to choose.
 */
export const makeGuardedLookup = (resolve: Resolve, mayBeInside: boolean): LookupFunction => {
  const look = async (hostname: string): Promise<readonly { readonly address: string; readonly family: 4 | 6 }[]> => {
    const addresses = await resolve(hostname);
    if (addresses.length === 0) throw new EgressError('failed', 'the name has no address');
    if (!mayBeInside && !addresses.every(isPublicAddress))
      throw new EgressError('blocked', 'the name leads to an address that is not public');
    return addresses.map((address) => ({ address, family: familyOf(address) }));
  };
  return (hostname, options, callback) => {
    look(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all === true) callback(null, [...addresses]);
        else callback(null, first?.address ?? '', first?.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), ''),
    );
  };
};
