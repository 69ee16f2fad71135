// Writes what no honest client writes: requests as bytes, some of them in order, most of them nearly. Must never be the same twice but from the same seed.

const reserved = [
  'Authorization',
  'Cookie',
  'Proxy-Authorization',
  'X-Api-Key',
  'X-Auth-Token',
  'Set-Cookie',
  'AUTHORIZATION',
  'Forwarded',
  'X-Forwarded-For',
  'X-Internal-User',
];
const canary = 'canary-77';

export const makeRawRequests = (random: () => number): (() => string) => {
  const below = (bound: number): number => Math.floor(random() * bound);
  const pick = <Item>(list: readonly Item[]): Item => list[below(list.length)] as Item;
  const often = (chance: number): boolean => random() < chance;
  const marker = (letter: string): string =>
    letter +
    Math.floor(random() * 0xffff_ffff)
      .toString(16)
      .padStart(8, '0');

  const hidden = (): string => `${pick(['GET', 'POST'])} /two/${marker('s')} HTTP/1.1\r\nHost: h\r\n\r\n`;

  const target = (): string => {
    const path = `/one/${marker('r')}`;
    if (often(0.6)) return path;
    return pick([
      `${path}?a=${'%41'.repeat(below(50))}&b[__proto__]=1`,
      `${path}/../../two`,
      `${path}/%2e%2e%2f%2e%2e/two`,
      `${path}//x`,
      `${path}/%zz`,
      `${path}/%00`,
      `${path}/\u00e4\u00ff`,
      `${path}/%f0%9f%a6%8a/%c0%af`,
      `${path}#/two`,
      `${path} HTTP/1.1 `,
      `${path}\t`,
      `http://evil.example${path}`,
      `http://evil.example:80@h${path}`,
      `//evil.example${path}`,
      `\\one\\${path.slice(5)}`,
      `/one;x=1/${path.slice(5)}`,
      `${path}/${'x'.repeat(pick([2_000, 9_000, 20_000]))}`,
      `${path}?${'x'.repeat(pick([7_000, 9_000]))}`,
      '*',
      'evil:443',
      `${path}/\u0000`,
      `${path}/\u007f`,
    ]);
  };

  const header = (): string =>
    often(0.4)
      ? `X-${below(1e6)}: ${'v'.repeat(below(40))}`
      : pick<() => string>([
          () => `${pick(reserved)}: ${canary}`,
          () => `X-${below(1e6)}: ${'v'.repeat(pick([0, 10, 3_000]))}`,
          () => `Accept: ${pick(['*/*', '\u00e4', 'a\tb', ' ', ''])}`,
          () =>
            `Content-Type: ${pick(['application/json', 'text/plain', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded', '\u00ff'])}`,
          () => `Connection: ${pick(['close', 'keep-alive', 'Upgrade', 'Content-Length', 'close, keep-alive', 'Transfer-Encoding'])}`,
          () => `Upgrade: ${pick(['websocket', 'h2c', 'TLS/1.0'])}`,
          () => `Expect: ${pick(['100-continue', '200-ok', '100-CONTINUE'])}`,
          () => `TE: ${pick(['trailers', 'chunked'])}`,
          () => 'Trailer: Content-Length',
          () => `Host: ${pick(['evil.example', '', 'a b', '127.0.0.1', 'h\u0000'])}`,
          () => `${pick(['__proto__', 'constructor', 'toString'])}: ${canary}`,
          () => `X-Original-URL: /two/${marker('s')}`,
          () => ` folded: ${canary}`,
          () => 'no colon here',
          () => ': no name',
          () => 'sp ace: x',
          () => 'X-Cr: a\rb',
          () => `X-Lf: a\nGET /two/${marker('s')} HTTP/1.1`,
          () => 'X-Nul: a\u0000b',
          () => '\u00e4: x',
        ])();

  const chunk = (text: string): string => {
    const size = text.length.toString(16);
    return pick([
      `${size}\r\n${text}\r\n`,
      `${size}\r\n${text}\r\n`,
      `${size}\r\n${text}\r\n`,
      `${size};a=b;c="d"\r\n${text}\r\n`,
      `0${size}\r\n${text}\r\n`,
      `${size.toUpperCase()}\r\n${text}\r\n`,
      `${size};\u0000\r\n${text}\r\n`,
      `${size};a\nb\r\n${text}\r\n`,
      `${size}\n${text}\n`,
      `${size} \r\n${text}\r\n`,
      ` ${size}\r\n${text}\r\n`,
      `0x${size}\r\n${text}\r\n`,
      `+${size}\r\n${text}\r\n`,
      `${size}\r\n${text}`,
      `${size}\r\n${text}XX`,
      `ffffffffffffffff\r\n${text}\r\n`,
      `${size};${'e'.repeat(20_000)}\r\n${text}\r\n`,
    ]);
  };

  /** The headers that frame it, and what follows them. */
  const framed = (): readonly [headers: readonly string[], body: string] => {
    const text = pick(['', 'x', '{"a":1}', hidden(), `${hidden()}${hidden()}`, 'x'.repeat(5_000)]);
    const chunked = (): string =>
      `${often(0.2) ? '' : chunk(text)}0\r\n${pick(['', '', `Trailer: ${canary}\r\n`, 'Content-Length: 5\r\n', 'bad trailer\r\n'])}\r\n`;
    const length = `Content-Length: ${text.length}`;
    return pick<() => readonly [readonly string[], string]>([
      () => [[], ''],
      () => [[], ''],
      () => [[length], text],
      () => [[length], text],
      () => [['Transfer-Encoding: chunked'], chunked()],
      () => [['Transfer-Encoding: chunked'], chunked()],
      () => [[length, 'Transfer-Encoding: chunked'], chunked()],
      () => [['Transfer-Encoding: chunked', `Content-Length: ${below(9)}`], chunked()],
      () => [
        [
          `Transfer-Encoding: ${pick(['xchunked', 'chunked, identity', 'identity', 'gzip, chunked', ' chunked', 'Chunked', 'chunked;q=1', '\u000bchunked', 'chunked,'])}`,
        ],
        chunked(),
      ],
      () => [['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], chunked()],
      () => [
        [
          `Content-Length: ${pick([`+${text.length}`, `${text.length}, ${text.length}`, `0${text.length}`, '-1', '1e3', '0x5', '99999999999999999999', ` ${text.length} `, ''])}`,
        ],
        text,
      ],
      () => [[`Content-Length: ${below(text.length + 3)}`], text],
      () => [[length, `Content-Length: ${below(9)}`], text],
      () => [
        [pick(['Content-Length : 0', 'Content_Length: 0', 'Transfer-Encoding : chunked', 'Transfer-Encoding\u0000: chunked'])],
        chunked(),
      ],
    ])();
  };

  const request = (): string => {
    const method = often(0.8)
      ? pick(['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'])
      : pick(['get', 'CONNECT', 'TRACE', 'PRI', 'PROPFIND', 'G\u0000T', '', 'X'.repeat(300), 'GET\t']);
    const version = often(0.9) ? 'HTTP/1.1' : pick(['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.10', 'http/1.1', 'HTTP/1.1 ', '']);
    const [framing, body] = framed();
    const headers = ['Host: h', ...Array.from({ length: below(4) }, header), ...framing];
    if (often(0.2)) headers.reverse();
    if (often(0.03)) headers.push(...Array.from({ length: 3_000 }, () => 'A: b'));
    return `${method} ${target()} ${version}\r\n${headers.join('\r\n')}\r\n\r\n${body}`;
  };

  const garbled = (text: string): string => {
    const place = below(text.length);
    return pick([
      () => text.slice(0, place) + String.fromCharCode(below(256)) + text.slice(place + 1),
      () => text.slice(0, place) + text.slice(place + 1 + below(8)),
      () => text.slice(0, place) + pick(['\r', '\n', '\r\n', '\r\n\r\n', ' ', '\t', '\u0000', ':', '0\r\n\r\n']) + text.slice(place),
      () => text.replace(/\r\n/, '\n'),
      () => text.replaceAll('\r\n', '\n'),
      () => text.slice(0, place),
      () => text + text,
      () => pick(['\r\n', '\r\n\r\n\r\n', ' ', '\u0000', '\u0016\u0003\u0001\u0002']) + text,
      () => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${text}`,
    ])();
  };

  return () => {
    const text = Array.from({ length: 1 + below(3) }, request).join('');
    return often(0.25) ? garbled(text) : text;
  };
};
