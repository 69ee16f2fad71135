// Masks secrets in a body that comes in pieces, also where a piece ends within one. Must never let out the beginning of a place whose end it has not seen.
import { EgressError } from './egress-error.ts';
import { isOfWord, type Masker, maxWordChars } from './masker.ts';

export interface BodyMask {
  /** What of the body may leave by now. */
  push(piece: Buffer): Buffer;
  /** The rest. */
  end(): Buffer;
}

export const openMask: BodyMask = { push: (piece) => piece, end: () => Buffer.alloc(0) };

/** A body of nothing but secrets, one beside the other. */
const maxHeldChars = 131_072;
/** Of a word that is longer than is looked at, what may share bits with a value behind it is kept all the same. */
const besideChars = 8;

const wordStart = (text: string, at: number): number => {
  let start = at;
  while (start > 0 && at - start < maxWordChars && isOfWord(text, start - 1)) start -= 1;
  return start;
};

/** Works on bytes as characters: what is masked is masked in any encoding that keeps ASCII. Only what may be the beginning of a place waits, so that an event that is whole is not late. */
export const makeBodyMask = (masker: Masker): BodyMask => {
  if (masker.longest === 0) return openMask;
  let held = '';
  /** Up to here `held` cannot be cut, as was found before. */
  let solid = 0;
  /** The word that was masked goes on in the next piece. */
  let isWithinMasked = false;

  /** Outside the word it is in, if that is of ordinary length, and outside every place. */
  const stepBack = (cut: number): number => {
    const word = wordStart(held, cut);
    const isLong = cut - word >= maxWordChars;
    const outside = word === cut || !isLong ? word : cut === held.length ? cut - besideChars : cut;
    const from = Math.max(0, outside - masker.longest);
    const across = masker.findAcross(held.slice(from, outside + masker.longest), outside - from);
    return across === null ? outside : Math.max(0, from + across);
  };

  const findCut = (): number => {
    const first = held.length - masker.unfinished(held.slice(-masker.longest));
    let cut = first;
    while (cut > solid) {
      const next = stepBack(cut);
      if (next === cut) break;
      cut = next;
    }
    if (cut > solid) {
      solid = first - cut;
      return cut;
    }
    solid = Math.max(solid, first);
    return 0;
  };

  const skipWord = (): void => {
    let at = 0;
    while (at < held.length && isOfWord(held, at)) at += 1;
    isWithinMasked = at === held.length;
    held = held.slice(at);
    solid = Math.max(0, solid - at);
  };

  const release = (cut: number): Buffer => {
    if (cut === 0) return Buffer.alloc(0);
    const ready = held.slice(0, cut);
    held = held.slice(cut);
    const masked = masker.text(ready);
    isWithinMasked = masker.endsInMasked(ready);
    if (isWithinMasked) skipWord();
    return Buffer.from(masked, 'latin1');
  };

  return {
    push: (piece) => {
      held += piece.toString('latin1');
      if (isWithinMasked) skipWord();
      if (held.length > maxHeldChars + piece.length) throw new EgressError('failed', 'the response holds more secrets than can be masked');
      return release(findCut());
    },
    end: () => release(held.length),
  };
};
