// What a server in an attacker's hands answers, by path. Must never be let write more than a test waits for: what has no end ends with its socket.
import type net from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';

import { fetchBounds } from '../../src/capabilities/fetch/bounds.ts';

export const cap = 50_000;

const reply = (headers: string, body: string | Buffer, status = '200 OK'): Buffer =>
  Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${headers}\r\n`, 'latin1'), Buffer.from(body)]);
const sized = (headers: string, body: string | Buffer): Buffer => reply(`content-length: ${Buffer.byteLength(body)}\r\n${headers}`, body);
const packed = (encoding: string, body: Buffer): Buffer => sized(`content-encoding: ${encoding}\r\n`, body);
const zeros = (bytes: number): Buffer => Buffer.alloc(bytes, 0x30);
const packers = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync, 'x-gzip': gzipSync } as const;

/** Writes until nobody takes any more. */
const pour = (socket: net.Socket, piece: string | Buffer, first: string | Buffer = ''): void => {
  socket.write(first);
  const more = (): void => {
    for (let left = 64; left > 0 && !socket.destroyed; left -= 1) if (!socket.write(piece)) return;
    if (!socket.destroyed) setImmediate(more);
  };
  socket.on('drain', more);
  more();
};
const drip = (socket: net.Socket, piece: string, first: string): void => {
  socket.write(first);
  const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write(piece)), 20);
};
const cut = (socket: net.Socket, text: string): unknown => socket.end(text);

const hints = (count: number): string => 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(count);

type Answer = Buffer | string | ((socket: net.Socket) => unknown);

/** The answer, and what the guest is told of its body: text, or null for an error. */
export const answers: Readonly<Record<string, readonly [answer: Answer, told: string | null]>> = {
  // Sizes, at the cap and one beyond.
  'as long as may be, said beforehand': [sized('', zeros(cap)), `${cap}`],
  'one byte longer, said beforehand': [sized('', zeros(cap + 1)), null],
  'as long as may be, to the end of the connection': [
    (socket) => cut(socket, reply('connection: close\r\n', zeros(cap)).toString('latin1')),
    `${cap}`,
  ],
  'one byte longer, to the end of the connection': [
    (socket) => cut(socket, reply('connection: close\r\n', zeros(cap + 1)).toString('latin1')),
    null,
  ],
  'as long as may be, in chunks': [reply('transfer-encoding: chunked\r\n', `${cap.toString(16)}\r\n${zeros(cap)}\r\n0\r\n\r\n`), `${cap}`],
  'one byte longer, in chunks': [
    reply('transfer-encoding: chunked\r\n', `${(cap + 1).toString(16)}\r\n${zeros(cap + 1)}\r\n0\r\n\r\n`),
    null,
  ],
  'without end': [(socket) => pour(socket, `1000\r\n${'x'.repeat(4_096)}\r\n`, reply('transfer-encoding: chunked\r\n', '')), null],
  'a length of more than there is memory': [reply('content-length: 9007199254740993\r\n', 'x'), null],
  ...Object.fromEntries(
    Object.entries(packers).flatMap(([name, pack]) => [
      [`${name} of as much as may be`, [packed(name, pack(zeros(cap))), `${cap}`]],
      [`${name} of one byte more`, [packed(name, pack(zeros(cap + 1))), null]],
      [`a bomb of ${name}`, [packed(name, pack(zeros(60_000_000)).subarray(0, cap)), null]],
      [`${name} that breaks off`, [packed(name, pack(Buffer.from('abc'.repeat(3_000))).subarray(0, -6)), null]],
      [`${name} that is none`, [packed(name, Buffer.from('no such thing')), null]],
    ]),
  ),
  'deflate without its frame': [packed('deflate', deflateRawSync('small')), '5'],
  'gzip in gzip': [packed('gzip, gzip', gzipSync(gzipSync('small'))), '5'],
  'a bomb in a bomb': [packed('gzip, br', brotliCompressSync(gzipSync(zeros(90_000_000)))), null],
  'three layers': [packed('gzip, gzip, gzip', gzipSync(gzipSync(gzipSync('x')))), null],
  'a hundred layers': [packed(Array.from({ length: 100 }, () => 'gzip').join(), Buffer.from('x')), null],
  'an encoding nobody knows, handed on as it is': [packed('pied-piper', Buffer.from('small')), '5'],

  // Heads.
  'a header of sixty kilobytes': [sized(`x: ${'x'.repeat(60_000)}\r\n`, 'x'), null],
  'as many headers as may be': [sized('x: y\r\n'.repeat(fetchBounds.responseHeaders.value - 1), 'small'), '5'],
  'one header more': [sized('x: y\r\n'.repeat(fetchBounds.responseHeaders.value), 'small'), null],
  'as many hints as may be': [hints(fetchBounds.interimResponses.value) + sized('', 'small').toString(), '5'],
  'one hint more': [hints(fetchBounds.interimResponses.value + 1) + sized('', 'small').toString(), null],
  'headers by the ten thousand': [sized('x: y\r\n'.repeat(10_000), 'x'), null],
  'headers without end': [(socket) => pour(socket, 'x-a: bbbbbbbbbbbbbbbbbbbbbbbbbb\r\n', 'HTTP/1.1 200 OK\r\n'), null],
  'early hints by the hundred thousand': [(socket) => pour(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(100)), null],
  'one early hint': [`HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${sized('', 'small')}`, '5'],
  'an upgrade that nobody asked for': [
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n\u0081\u0000',
    null,
  ],
  'a continue that nobody asked for': [`HTTP/1.1 100 Continue\r\n\r\n${sized('', 'small')}`, null],
  'two lengths': [reply('content-length: 5\r\ncontent-length: 2\r\n', 'small'), null],
  'a negative length': [reply('content-length: -5\r\n', 'small'), null],
  'a length and chunks': [reply('content-length: 2\r\ntransfer-encoding: chunked\r\n', '5\r\nsmall\r\n0\r\n\r\n'), null],
  'a longer length than there is': [(socket) => cut(socket, 'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nsmall'), null],
  'chunks that break off': [(socket) => cut(socket, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nsma'), null],
  'a chunk of a size that is none': [reply('transfer-encoding: chunked\r\n', 'zz\r\nsmall\r\n'), null],
  'a status line that pours': [(socket) => pour(socket, 'x'.repeat(10_000), 'HTTP/1.1 200 '), null],
  'a name of a header that pours': [(socket) => pour(socket, 'x'.repeat(10_000), 'HTTP/1.1 200 OK\r\n'), null],
  nothing: [(socket) => cut(socket, ''), null],
  'half a head': [(socket) => cut(socket, 'HTTP/1.1 200 OK\r\ncontent-'), null],
  'another protocol': [(socket) => cut(socket, 'SSH-2.0-OpenSSH_9.9\r\n'), null],
  TLS: [(socket) => cut(socket, '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001'), null],
  'a status there is not': ['HTTP/1.1 99 Low\r\ncontent-length: 0\r\n\r\n', null],
  'a name with a line break': [sized('x\r: y\r\n', 'x'), null],
  'a value with a NUL': [sized('x: a\u0000b\r\n', 'x'), null],
  'a folded line': [sized('x: a\r\n b\r\n', 'x'), null],
};

/** What hands a secret back, in every place an answer has. */
export const echo = (secret: string): string => {
  const form = `${secret} ${encodeURIComponent(secret)} ${Buffer.from(secret).toString('base64')} ${Buffer.from(`u:${secret}`).toString('base64url')} ${Buffer.from(secret).toString('hex')} ${JSON.stringify({ secret })}`;
  const [first, second] = [form.slice(0, secret.length / 2), form.slice(secret.length / 2)];
  return (
    `HTTP/1.1 200 ${secret}\r\nx-echo: ${secret}\r\nx-${secret.toLowerCase()}: 1\r\nset-cookie: k=${secret}\r\ntransfer-encoding: chunked\r\n\r\n` +
    `${first.length.toString(16)}\r\n${first}\r\n${second.length.toString(16)}\r\n${second}\r\n0\r\n\r\n`
  );
};

/** What has no end but the asker's patience. */
export const endless: Readonly<Record<string, (socket: net.Socket) => unknown>> = {
  'no answer at all': () => undefined,
  'a head letter by letter': (socket) => drip(socket, 'x', 'HTTP/1.1 200 OK\r\n'),
  'a body letter by letter': (socket) => drip(socket, 'x', 'HTTP/1.1 200 OK\r\ncontent-length: 40000\r\n\r\n'),
  'a body that stops': (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nsma'),
};

export const poison = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nsmallHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison';
