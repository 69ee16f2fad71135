// What an operator sees of a running host: readiness, metrics, traces. Through real wards and HTTP.
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { CloisterError } from '../../src/errors.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const token = 'a-token-of-the-operator';
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parentId = '00f067aa0ba902b7';

const source = (upstream: string): string => `
export default (router) => {
  router.get('/', (req, res) => res.json({ ok: true }));
  router.get('/upstream', async (req, res) => res.send(await (await fetch('${upstream}/seen')).text()));
  router.get('/elsewhere', async (req, res) => { try { await fetch('${upstream}/other'); res.send('went'); } catch { res.status(403).send('stayed'); } });
  router.get('/loop', () => { for (;;); });
};`;

const openUpstream = async (): Promise<{ readonly origin: string; readonly seen: http.IncomingHttpHeaders[]; close(): void }> => {
  const seen: http.IncomingHttpHeaders[] = [];
  const server = http.createServer((request, response) => {
    seen.push(request.headers);
    response.end('hello');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, seen, close: () => server.close() };
};

describe('what an operator sees', () => {
  const spans = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] });
  let upstream: Awaited<ReturnType<typeof openUpstream>>;
  let host: TestRuntime;

  before(async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    upstream = await openUpstream();
    const { origin } = upstream;
    host = await openTestRuntime({
      extensions: {
        watched: extension(source(origin), { capabilities: { fetch: { origins: { [origin]: { methods: ['GET'], paths: ['/seen'] } } } } }),
      },
      options: {
        approvals: 'requested',
        adminToken: token,
        tracer: provider.getTracer('test'),
        egress: { internalOrigins: [origin] },
        limits: { cpuMs: 150, wallMs: 30_000, registerMs: 20_000 },
      },
    });
  });
  after(async () => {
    await host?.close();
    upstream?.close();
    context.disable();
    propagation.disable();
  });

  const spanOf = async (matches: (span: ReadableSpan) => boolean): Promise<ReadableSpan> => {
    for (let tries = 0; tries < 500; tries += 1) {
      const found = spans.getFinishedSpans().find(matches);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.fail(`no such span among ${spans.getFinishedSpans().map(({ name }) => name)}`);
  };

  it('says that it is ready', async () => {
    const reply = await host.get('/_cloister/ready');
    assert.deepEqual([reply.status, reply.json()], [200, { ready: true }]);
  });

  it('gives its metrics to nobody without the token, nor with another', async () => {
    for (const headers of [{} as Record<string, string>, { authorization: 'Bearer another' }, { authorization: `Basic ${token}` }]) {
      const reply = await host.get('/_cloister/metrics', headers);
      assert.deepEqual([reply.status, reply.code], [401, 'ERR_TOKEN_REFUSED']);
    }
  });

  it('counts requests, limits, calls and bytes by extension and tenant', async () => {
    await host.measure('/watched');
    await host.measure('/watched/elsewhere');
    await host.measure('/watched/loop');
    const { status, text } = await host.get('/_cloister/metrics', { authorization: `Bearer ${token}` });
    assert.equal(status, 200);
    assert.ok((await host.runtime.metrics()).startsWith('# HELP cloister_requests_total'));
    const value = (series: string): number =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${series} `))
          ?.split(' ')
          .at(-1),
      );
    const pair = 'extension="watched",tenant="default"';
    assert.equal(value(`cloister_requests_total{${pair},outcome="ERR_CPU_EXCEEDED"}`), 1);
    assert.ok(value(`cloister_requests_total{${pair},outcome="answered"}`) >= 2);
    assert.equal(value(`cloister_limits_total{${pair},limit="cpuMs"}`), 1);
    assert.equal(value(`cloister_calls_total{${pair},capability="fetch",decision="deny"}`), 1);
    assert.ok(value(`cloister_cpu_seconds_total{${pair}}`) >= 0.1);
    assert.ok(value(`cloister_request_duration_seconds_count{extension="watched"}`) >= 3);
    assert.ok(value('cloister_wards') >= 1);
    assert.ok(value('cloister_wards_rss_bytes') > 1_000_000);
  });

  it('hangs a request below the trace it came with, its calls below it, and passes the trace on to a server of the operator’s own', async () => {
    spans.reset();
    await host.get('/watched/upstream', { traceparent: `00-${traceId}-${parentId}-01` });
    const request = await spanOf(({ name, attributes }) => name === 'cloister watched' && attributes['url.path'] === '/watched/upstream');
    const call = await spanOf(({ name }) => name === 'fetch.request');
    assert.equal(request.spanContext().traceId, traceId);
    assert.equal(request.parentSpanContext?.spanId, parentId);
    assert.deepEqual([request.attributes['cloister.tenant'], request.attributes['http.response.status_code']], ['default', 200]);
    assert.equal(call.parentSpanContext?.spanId, request.spanContext().spanId);
    assert.equal(call.attributes['cloister.outcome'], 'ok');
    assert.equal(upstream.seen.at(-1)?.['traceparent'], `00-${traceId}-${call.spanContext().spanId}-01`);
  });

  it('says on the span what was denied and by which rule, and how a request ended that went over a limit', async () => {
    spans.reset();
    await host.get('/watched/elsewhere');
    const denied = await spanOf(({ events }) => events.some(({ name }) => name === 'cloister.denied'));
    assert.equal(denied.events[0]?.attributes?.['cloister.capability'], 'fetch');
    await host.get('/watched/loop');
    const ended = await spanOf(({ attributes }) => attributes['cloister.outcome'] === 'ERR_CPU_EXCEEDED');
    assert.equal(ended.status.message, 'ERR_CPU_EXCEEDED');
  });

  it('is not ready while it closes, and serves on for the delay', async () => {
    const leaving = await openTestRuntime({ extensions: { leaving: source(upstream.origin) } });
    const closed = leaving.runtime.close({ delayMs: 1_000 });
    const ready = await leaving.get('/_cloister/ready');
    assert.deepEqual([ready.status, (await leaving.get('/leaving')).status], [503, 200]);
    await closed;
    assert.equal((await leaving.get('/leaving')).code, 'ERR_RUNTIME_CLOSED');
    await leaving.close();
  });

  it('has no metrics where nobody asked for them, and says how to ask', async () => {
    const plain = await openTestRuntime({ extensions: { plain: source(upstream.origin) } });
    try {
      assert.equal((await plain.get('/_cloister/metrics', { authorization: `Bearer ${token}` })).status, 404);
      await assert.rejects(
        plain.runtime.metrics(),
        (error: unknown) => error instanceof CloisterError && error.code === 'ERR_OPTIONS_INVALID',
      );
    } finally {
      await plain.close();
    }
  });
});
