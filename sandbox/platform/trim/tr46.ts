// Stands in for tr46 under whatwg-url: domain names by the engine's own Unicode tables instead of 250 KB of IDNA ones. Must never let a forbidden character into an ASCII name.
import { toASCII as punyToASCII, toUnicode as punyToUnicode } from 'punycode/';

/** UTS 46 maps these to nothing. */
const ignored = /[\u00ad\u034f\u180b-\u180f\u200b-\u200d\u2060\u2064\ufe00-\ufe0f\ufeff]/g;
const dots = /[\u3002\uff0e\uff61]/g;
/** What no label may hold after mapping: unassigned, private, lone surrogates, and a leading mark. */
const badLabel = /[\p{Cn}\p{Co}\p{Cs}]|^\p{M}|[\u2ff0-\u2fff\ufffd]/u;
const longestLabel = 63;

const map = (domain: string): string =>
  domain.replace(ignored, '').replace(dots, '.').normalize('NFKC').toLowerCase().normalize('NFKC').replaceAll('\u1e9e', 'ss');

const isValidPunycode = (label: string): boolean => {
  try {
    const unicode = punyToUnicode(label);
    return unicode !== label && /[^\x00-\x7f]/.test(unicode) && map(unicode) === unicode && !badLabel.test(unicode);
  } catch {
    return false;
  }
};

interface Options {
  readonly verifyDNSLength?: boolean;
}

export const toASCII = (domain: string, options: Options = {}): string | null => {
  const labels = map(domain).split('.');
  const encoded: string[] = [];
  for (const label of labels) {
    if (badLabel.test(label) || (label.startsWith('xn--') && !isValidPunycode(label))) return null;
    try {
      encoded.push(punyToASCII(label));
    } catch {
      return null;
    }
  }
  const tooLong = encoded.some((label) => label.length > longestLabel || label.length === 0) || encoded.join('.').length > 253;
  return options.verifyDNSLength && tooLong ? null : encoded.join('.');
};

export const toUnicode = (domain: string): { readonly domain: string; readonly error: boolean } => {
  try {
    return { domain: punyToUnicode(map(domain)), error: false };
  } catch {
    return { domain, error: true };
  }
};
