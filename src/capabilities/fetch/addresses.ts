// Which addresses are out on the internet. Must never take a name, nor be asked of one address where there are several.
import ipaddr from 'ipaddr.js';

/** IANA's special-purpose registries, beyond what ipaddr.js names: https://www.iana.org/assignments/iana-ipv4-special-registry, …-ipv6-special-registry. */
const specialV4 = ['192.88.99.0/24', '198.18.0.0/15'].map((range) => ipaddr.IPv4.parseCIDR(range));
const specialV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'].map((range) =>
  ipaddr.IPv6.parseCIDR(range),
);
/** All of IPv6 that is given out as global unicast: what is not in it (mapped, NAT64, site-local, …) is somewhere else by another name. */
const globalV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** `address` as the system's resolver gives it, or as a URL holds it without its brackets. */
export const isPublicAddress = (address: string): boolean => {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) {
    const parsed = ipaddr.IPv4.parse(address);
    return parsed.range() === 'unicast' && !specialV4.some((range) => parsed.match(range));
  }
  if (!ipaddr.IPv6.isValid(address) || address.includes('%')) return false;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.match(globalV6) && parsed.range() === 'unicast' && !specialV6.some((range) => parsed.match(range));
};

/** The address a URL's hostname is, where it is one: undici and Node look no such name up. */
export const literalAddress = (hostname: string): string | null => {
  if (hostname.startsWith('[')) return hostname.slice(1, -1);
  return ipaddr.IPv4.isValidFourPartDecimal(hostname) ? hostname : null;
};
