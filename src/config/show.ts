// Renders untrusted text for one line of a terminal or log. Must never let a control character, a line break or an endless value through.

const maxShownLength = 80;

/** Everything that moves a cursor, starts a new line, turns the writing direction or has no glyph. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu;

const escapeCharacter = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

const cut = (text: string, maxLength: number): string => (text.length > maxLength ? `${text.slice(0, maxLength)}…` : text);

/** Who logs in where: a URL that is refused must not bring its password into a log. */
const login = /:\/\/[^/\s@]*@/g;

/** Text as it stands, without anything that a terminal would obey and without a URL's password. */
export const showText = (text: string, maxLength = maxShownLength): string =>
  cut(text.replaceAll(login, '://…@'), maxLength).replace(unprintable, escapeCharacter);

/** As `showText`, but what is too long loses its middle: the end of an origin or a path says whose it is. */
export const showEnds = (text: string, maxLength: number): string => {
  const half = Math.floor((maxLength - 1) / 2);
  const kept = text.length > maxLength ? `${text.slice(0, half)}…${text.slice(-half)}` : text;
  return kept.replace(unprintable, escapeCharacter);
};

/** A value as JSON, short; what has no JSON is named by its type. */
export const showValue = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return showText(JSON.stringify(cut(value.replaceAll(login, '://…@'), maxShownLength)), maxShownLength + 8);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  return `a ${typeof value}`;
};
