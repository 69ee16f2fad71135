// Makes guest text harmless to whoever reads it: a terminal, a pretty-printer, an editor. Must never lose what the text said.

/** Controls (C1 too: U+009B starts an escape by itself), bidi and other invisible formats, line separators, halves of pairs. Two joiners are part of ordinary words. */
const unsafe = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const spell = (character: string): string => {
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
};

/** Not every logger writes JSON: in a pretty one a newline would start a line of the guest's own making, so it is spelled out. */
export const makeSafeText = (text: string): string => text.replaceAll('\n', '\\n').replace(unsafe, spell);
