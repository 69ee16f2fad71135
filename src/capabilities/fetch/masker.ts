// Takes secrets out of what comes back from a server. Must never let one through in a spelling that servers hand things back in.
import type { SecretUse } from './secrets.ts';

export interface Masker {
  text(text: string): string;
  bytes(bytes: Buffer): Buffer;
}

/** What a text in base64 holds of a value wherever in it the value stands: the characters that depend on nothing but the value. */
const base64Cores = (value: string): readonly string[] =>
  [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.from(value);
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const core = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });

/** Spellings that are masked as they stand, in small or capital letters: host names and header names come back in small ones. */
const plainSpellings = (value: string): readonly string[] => [
  value,
  encodeURIComponent(value),
  JSON.stringify(value).slice(1, -1),
  Buffer.from(value).toString('hex'),
];

const ofToken = /[A-Za-z0-9+/_=-]/;

/** Every place where `needle` stands in `text`; `whole` widens it to the word around it. */
const replaceEach = (
  text: string,
  needle: string,
  by: string,
  { fold, whole }: { readonly fold: boolean; readonly whole: boolean },
): string => {
  const searched = fold ? text.toLowerCase() : text;
  // A letter that becomes two when it is made small would shift all places behind it.
  const haystack = searched.length === text.length ? searched : text;
  let masked = '';
  let from = 0;
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, from)) {
    let start = at;
    let end = at + needle.length;
    while (whole && start > from && ofToken.test(text.charAt(start - 1))) start -= 1;
    while (whole && end < text.length && ofToken.test(text.charAt(end))) end += 1;
    masked += text.slice(from, start) + by;
    from = end;
  }
  return from === 0 ? text : masked + text.slice(from);
};

/** Replaces every granted secret by its placeholder. What a server hands back in another form (hashed, in pieces, encrypted) is not seen. */
export const makeMasker = (uses: readonly SecretUse[]): Masker => {
  const plain = uses
    .flatMap(({ value, placeholder }) => plainSpellings(value).map((spelling) => [spelling.toLowerCase(), placeholder] as const))
    .toSorted(([one], [other]) => other.length - one.length);
  const cores = uses.flatMap(({ value, placeholder }) => base64Cores(value).map((core) => [core, placeholder] as const));
  const text = (given: string): string => {
    let masked = given;
    for (const [needle, placeholder] of plain) masked = replaceEach(masked, needle, placeholder, { fold: true, whole: false });
    // With the whole word around it: what stands beside a value shares characters with it.
    for (const [core, placeholder] of cores) masked = replaceEach(masked, core, placeholder, { fold: false, whole: true });
    return masked;
  };
  return {
    text,
    bytes: (bytes) => {
      if (uses.length === 0) return bytes;
      const given = bytes.toString('latin1');
      const masked = text(given);
      return masked === given ? bytes : Buffer.from(masked, 'latin1');
    },
  };
};
