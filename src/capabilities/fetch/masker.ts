// Takes secrets out of what comes back from a server. Must never let one through in a spelling that servers hand things back in.
import type { SecretUse } from './secrets.ts';

export interface Masker {
  text(text: string): string;
  bytes(bytes: Buffer): Buffer;
  /** As long as anything that is masked, with what is looked at beside it; 0 where there is nothing to mask. */
  readonly longest: number;
  /** Where in the text the first place begins that a cut at `at` would go through; null: none. */
  findAcross(text: string, at: number): number | null;
  /** How much of the text's end may be the beginning of a place. */
  unfinished(text: string): number;
  /** Whether the word that the text ends with is one that is masked whole. */
  endsInMasked(text: string): boolean;
}

/** Characters beside a value in base64 share bits with it. */
const besideChars = 8;

/** What a text in base64 holds of a value wherever in it the value stands: the characters that depend on nothing but the value. */
const base64Cores = (value: string): readonly string[] =>
  [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.from(value);
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const core = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });

/** Spellings that are masked as they stand, in small or capital letters: host names and header names come back in small ones. */
const plainSpellings = (value: string): readonly string[] => {
  const encoded = encodeURIComponent(value);
  const json = JSON.stringify(value).slice(1, -1);
  return [
    ...new Set([
      value,
      encoded,
      // RFC 3986 to the letter, as a form does it, and by those who leave slashes alone.
      encoded.replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`),
      encoded.replaceAll('%20', '+'),
      encoded.replaceAll('%2F', '/'),
      json,
      // As PHP and Go write it.
      json.replaceAll('/', '\\/'),
      json.replace(/[&<>]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`),
      value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;'),
      Buffer.from(value).toString('hex'),
    ]),
  ];
};

const tokenCodes = Uint8Array.from({ length: 256 }, (_, code) => (/[A-Za-z0-9+/_=-]/.test(String.fromCharCode(code)) ? 1 : 0));
/** Whether the character there is one of a word in base64. */
export const isOfWord = (text: string, at: number): boolean => tokenCodes[text.charCodeAt(at)] === 1;
/** How far back a word is looked at. */
export const maxWordChars = 4_096;

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
    while (whole && start > from && isOfWord(text, start - 1)) start -= 1;
    while (whole && end < text.length && isOfWord(text, end)) end += 1;
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
    const folded = given.toLowerCase();
    for (const [needle, placeholder] of plain)
      if (folded.includes(needle)) masked = replaceEach(masked, needle, placeholder, { fold: true, whole: false });
    // With the whole word around it: what stands beside a value shares characters with it.
    for (const [core, placeholder] of cores) masked = replaceEach(masked, core, placeholder, { fold: false, whole: true });
    return masked;
  };
  const longest = Math.max(0, ...[...plain, ...cores].map(([needle]) => needle.length + 2 * besideChars));
  const needles = [...plain.map(([needle]) => ({ needle, beside: 0 })), ...cores.map(([needle]) => ({ needle, beside: besideChars }))];
  return {
    text,
    longest,
    findAcross: (given, at) => {
      const folded = given.toLowerCase();
      let first: number | null = null;
      for (const { needle, beside } of needles) {
        const haystack = beside === 0 && folded.length === given.length ? folded : given;
        for (let start = haystack.indexOf(needle); start >= 0; start = haystack.indexOf(needle, start + 1))
          if (start - beside < at && at < start + needle.length + beside) first = Math.min(first ?? start - beside, start - beside);
      }
      return first;
    },
    unfinished: (given) => {
      const folded = given.toLowerCase();
      return needles.reduce((most, { needle, beside }) => {
        const end = beside === 0 ? folded : given;
        let size = Math.min(needle.length - 1, end.length);
        while (size > 0 && !end.endsWith(needle.slice(0, size))) size -= 1;
        return size === 0 ? most : Math.max(most, Math.min(given.length, size + beside));
      }, 0);
    },
    endsInMasked: (given) => {
      let start = given.length;
      while (start > 0 && given.length - start < maxWordChars && isOfWord(given, start - 1)) start -= 1;
      const word = given.slice(start);
      return cores.some(([core]) => word.includes(core));
    },
    bytes: (bytes) => {
      if (uses.length === 0) return bytes;
      const given = bytes.toString('latin1');
      const masked = text(given);
      return masked === given ? bytes : Buffer.from(masked, 'latin1');
    },
  };
};
