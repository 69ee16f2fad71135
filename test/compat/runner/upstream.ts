// The local upstream that packages talk to: plain answers, and as much of Stripe, OpenAI, S3, GraphQL, Directus and Meilisearch as the uses ask. Must never listen beyond the loopback.
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { openUpstream, type Seen, type Upstream } from '../../helpers/upstream.ts';

const json = (response: ServerResponse, value: unknown, status = 200): unknown =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
const xml = (response: ServerResponse, text: string, status = 200): unknown =>
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0" encoding="UTF-8"?>${text}`);

const echo = ({ method, url, headers, body }: Seen): object => ({
  method,
  url,
  type: headers['content-type']?.replace(/boundary=.*/, 'boundary') ?? null,
  custom: headers['x-custom'] ?? null,
  authorization: headers.authorization ?? null,
  body,
});

const completion = {
  id: 'c',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
};
const delta = (content: string): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] })}\n\n`;

type Answer = (seen: Seen, response: ServerResponse, url: URL) => unknown;

const routes: readonly (readonly [RegExp, Answer])[] = [
  [/^\w+ \/json$/, (_, response) => json(response, { ok: true, n: 1 })],
  [/^\w+ \/echo$/, (seen, response) => json(response, echo(seen))],
  [/^\w+ \/status$/, (_, response, { searchParams }) => response.writeHead(Number(searchParams.get('code'))).end('as asked')],
  [/^\w+ \/redirect$/, (_, response) => response.writeHead(302, { location: '/json' }).end()],
  [
    /^\w+ \/gzip$/,
    (_, response) =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(gzipSync('{"zipped":true}')),
  ],
  [/^\w+ \/bytes$/, (_, response) => response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(Buffer.alloc(65_536, 7))],
  [
    /^POST \/v1\/customers$/,
    ({ body }, response) => json(response, { id: 'cus_1', object: 'customer', name: new URLSearchParams(body).get('name') }),
  ],
  [
    /^GET \/v1\/customers\//,
    (_, response) =>
      json(response, { error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such customer' } }, 404),
  ],
  [
    /^POST \/v1\/chat\/completions$/,
    ({ body }, response) => {
      if (!body.includes('"stream":true')) return json(response, completion);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      return response.end(`${delta('hel')}${delta('lo')}data: [DONE]\n\n`);
    },
  ],
  [/^GET \/v1\/models\//, (_, response) => json(response, { error: { message: 'no such model' } }, 404)],
  [/^PUT \/bucket\//, (_, response) => response.writeHead(200, { etag: '"e1"' }).end()],
  [/^GET \/bucket\/a\/b\.txt$/, (_, response) => response.writeHead(200, { 'content-type': 'text/plain', etag: '"e1"' }).end('hello')],
  [/^GET \/bucket\/none$/, (_, response) => xml(response, '<Error><Code>NoSuchKey</Code><Message>none</Message></Error>', 404)],
  [
    /^GET \/bucket\/?$/,
    (_, response) =>
      xml(response, '<ListBucketResult><Name>bucket</Name><Contents><Key>a/b.txt</Key><Size>5</Size></Contents></ListBucketResult>'),
  ],
  [
    /^POST \/graphql$/,
    ({ body }, response) => json(response, { data: { one: { id: (JSON.parse(body) as { variables: { id: string } }).variables.id } } }),
  ],
  [/^GET \/items\/articles$/, (_, response, { search }) => json(response, { data: [{ id: 2, asked: decodeURIComponent(search) }] })],
  [
    /^POST \/items\/articles$/,
    ({ body, headers }, response) => json(response, { data: { id: 3, ...(JSON.parse(body) as object), by: headers.authorization } }),
  ],
  [
    /^POST \/indexes\/books\/search$/,
    ({ body }, response) => json(response, { hits: [{ id: 1 }], query: (JSON.parse(body) as { q: string }).q }),
  ],
];

export const openPackagesUpstream = (): Promise<Upstream> =>
  openUpstream((seen, response) => {
    const url = new URL(seen.url, 'http://upstream');
    const [, answer] = routes.find(([pattern]) => pattern.test(`${seen.method} ${url.pathname}`)) ?? [];
    return answer === undefined ? json(response, { none: seen.url }, 404) : answer(seen, response, url);
  });
