// node:net as far as it looks at addresses; all else refuses. Must never open a connection.
import ipaddr from 'cloister:real/ipaddr.js';
import { makeRefusing } from '../builtins/refusing.ts';

const isIPv4 = (text: unknown): boolean => typeof text === 'string' && ipaddr.IPv4.isValidFourPartDecimal(text);
const isIPv6 = (text: unknown): boolean => typeof text === 'string' && ipaddr.IPv6.isValid(text);
const isIP = (text: unknown): 0 | 4 | 6 => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0);

export default makeRefusing('net', { isIP, isIPv4, isIPv6 });
