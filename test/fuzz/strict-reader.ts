// Reads a connection's bytes as RFC 9112 has them, strictly: what a careful proxy in front of a host takes for requests. Must never be more lenient than the standard: whatever it refuses, nobody may serve.

export interface StrictRequest {
  readonly method: string;
  readonly target: string;
}

export interface StrictReading {
  readonly requests: readonly StrictRequest[];
  /** `whole`: nothing is left over. `cut`: more would have to come. `invalid`: from here on nothing may be served. */
  readonly end: 'whole' | 'cut' | 'invalid';
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** Some servers let blanks stand before the version, and no two of them read that as two things. */
const requestLine = new RegExp(`^(${token}) ([^\\u0000-\\u0020\\u007f]+) +HTTP/1\\.([01])$`);
const headerLine = new RegExp(`^(${token}):[\\t ]*((?:[^\\u0000-\\u0008\\u000a-\\u001f\\u007f]*[^\\u0000-\\u0020\\u007f])?)[\\t ]*$`);
/** They come too late in a trailer. */
const framingHeaders: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding']);
const chunkLine = /^([0-9A-Fa-f]{1,15})(?:;[^\u0000-\u0008\u000a-\u001f\u007f]*)?$/;
type Step<Value> = { readonly at: number; readonly value: Value } | 'cut' | 'invalid';

export const readStrictly = (text: string): StrictReading => {
  const line = (from: number): Step<string> => {
    const end = text.indexOf('\r\n', from);
    if (end < 0) return /\n|\r[^\n]/.test(text.slice(from)) ? 'invalid' : 'cut';
    const value = text.slice(from, end);
    return /[\r\n]/.test(value) ? 'invalid' : { at: end + 2, value };
  };
  const headers = (from: number): Step<readonly (readonly [string, string])[]> => {
    const found: (readonly [string, string])[] = [];
    for (let at = from; ; ) {
      const next = line(at);
      if (typeof next === 'string') return next;
      at = next.at;
      if (next.value === '') return { at, value: found };
      const parts = headerLine.exec(next.value);
      if (parts === null) return 'invalid';
      found.push([(parts[1] ?? '').toLowerCase(), parts[2] ?? '']);
    }
  };
  const chunks = (from: number): Step<null> => {
    for (let at = from; ; ) {
      const next = line(at);
      if (typeof next === 'string') return next;
      const [, size] = chunkLine.exec(next.value) ?? [];
      if (size === undefined) return 'invalid';
      const bytes = Number.parseInt(size, 16);
      if (bytes === 0) {
        const trailers = headers(next.at);
        if (typeof trailers === 'string') return trailers;
        return trailers.value.some(([name]) => framingHeaders.has(name)) ? 'invalid' : { at: trailers.at, value: null };
      }
      at = next.at + bytes;
      if (text.length < at + 2) return 'cut';
      if (text.slice(at, at + 2) !== '\r\n') return 'invalid';
      at += 2;
    }
  };
  /** How the body ends: null where nothing says so in one way only. */
  const framing = (given: readonly (readonly [string, string])[]): number | 'chunked' | null => {
    const all = (name: string): readonly string[] => given.flatMap(([key, value]) => (key === name ? [value] : []));
    const [lengths, encodings] = [all('content-length'), all('transfer-encoding')];
    if (encodings.length > 0) return lengths.length === 0 && encodings.join(',').toLowerCase() === 'chunked' ? 'chunked' : null;
    const [length = '0'] = lengths;
    return /^\d{1,15}$/.test(length) && lengths.every((one) => one === length) ? Number(length) : null;
  };

  const requests: StrictRequest[] = [];
  for (let at = 0; ; ) {
    // The standard lets a server skip empty lines before a request line.
    while (text[at] === '\r' || text[at] === '\n') at += 1;
    if (at >= text.length) return { requests, end: 'whole' };
    const first = line(at);
    if (typeof first === 'string') return { requests, end: first };
    const [, method = '', target = '', minor] = requestLine.exec(first.value) ?? [];
    if (method === '') return { requests, end: 'invalid' };
    const head = headers(first.at);
    if (typeof head === 'string') return { requests, end: head };
    const frame = framing(head.value);
    // HTTP/1.0 has no chunks.
    if (frame === null || (frame === 'chunked' && minor === '0')) return { requests, end: 'invalid' };
    // A server may begin with a request before its body is whole.
    requests.push({ method, target });
    if (frame === 'chunked') {
      const rest = chunks(head.at);
      if (typeof rest === 'string') return { requests, end: rest };
      at = rest.at;
      continue;
    }
    at = head.at + frame;
    if (text.length < at) return { requests, end: 'cut' };
  }
};
