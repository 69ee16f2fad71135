// The global fetch as it stands in every cell: what it is made of is evaluated where it is granted. Must never refuse by itself: a denial is the host's, and on record.
import { hooks } from '../hooks.ts';
import { lazyFetch } from '../lazy.ts';

/** A Request, a URL or a text. */
const urlOf = (input: unknown): string => {
  if (typeof input === 'object' && input !== null && 'url' in input) return String(input.url);
  return String(input);
};

export const fetch = async (input: unknown, init?: unknown): Promise<unknown> => {
  const egress = hooks().egress();
  if (egress.granted) return await lazyFetch().fetch(input, init);
  try {
    return await egress.request({ url: urlOf(input), method: 'GET', headers: [], redirect: 'follow' }, null);
  } catch (cause) {
    throw new TypeError('fetch failed', { cause });
  }
};
