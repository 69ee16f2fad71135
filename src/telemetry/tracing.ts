// Spans of requests and of the calls they make, for the embedder's tracer. Must never keep a request from running, nor put a guest's values on a span.

import type { IncomingHttpHeaders } from 'node:http';
import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '#opentelemetry-api';

export type TraceContext = Context;

export interface CallSpan {
  /** What is done in here finds the span as the active one: instrumented drivers hang theirs below it. */
  run<Result>(work: () => Result): Result;
  end(outcome: string, rows: number, bytes: number): void;
}

export interface RequestSpan {
  call(capability: string, method: string): CallSpan;
  denied(capability: string, method: string, rule: string): void;
  end(status: number, outcome: string, cpuMs: number): void;
}

export interface RequestFacts {
  readonly extension: string;
  readonly version: string;
  readonly tenant: string;
  readonly request: string;
  readonly method: string;
  readonly path: string;
  /** It comes from no client. */
  readonly isJob: boolean;
}

export interface Tracing {
  /** W3C trace context of a client's request; what nobody sent is the context that is active. */
  extract(headers: IncomingHttpHeaders): Context;
  begin(parent: Context | undefined, facts: RequestFacts): RequestSpan;
}

/** Of the span that is active, as headers for a server of the operator's own: one outside has no business with them. */
export const traceHeaders = (): readonly (readonly [string, string])[] => {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return Object.entries(carrier);
};

const failed = (span: Span, outcome: string): void => {
  span.setStatus({ code: SpanStatusCode.ERROR, message: outcome });
};

const openCall = (tracer: Tracer, parent: Context, capability: string, method: string): CallSpan => {
  const attributes: Attributes = {
    'cloister.capability': capability,
    'cloister.method': method,
    ...(capability === 'database' ? { 'db.system.name': 'postgresql' } : {}),
  };
  const span = tracer.startSpan(`${capability}.${method}`, { kind: SpanKind.INTERNAL, attributes }, parent);
  const inside = trace.setSpan(parent, span);
  return {
    run: (work) => context.with(inside, work),
    end(outcome, rows, bytes) {
      span.setAttributes({ 'cloister.outcome': outcome, 'cloister.rows': rows, 'cloister.result.bytes': bytes });
      if (outcome !== 'ok') failed(span, outcome);
      span.end();
    },
  };
};

export const makeTracing = (tracer: Tracer): Tracing => ({
  extract: (headers) => propagation.extract(context.active(), headers),
  begin(given, { extension, version, tenant, request, method, path, isJob }) {
    const parent = given ?? context.active();
    const span = tracer.startSpan(
      `cloister ${extension}`,
      {
        kind: isJob ? SpanKind.INTERNAL : SpanKind.SERVER,
        attributes: {
          'cloister.extension': extension,
          'cloister.version': version,
          'cloister.tenant': tenant,
          'cloister.request': request,
          'http.request.method': method,
          'url.path': path,
        },
      },
      parent,
    );
    const inside = trace.setSpan(parent, span);
    return {
      call: (capability, name) => openCall(tracer, inside, capability, name),
      denied(capability, name, rule) {
        span.addEvent('cloister.denied', { 'cloister.capability': capability, 'cloister.method': name, 'cloister.rule': rule });
      },
      end(status, outcome, cpuMs) {
        span.setAttributes({ 'http.response.status_code': status, 'cloister.outcome': outcome, 'cloister.cpu_ms': cpuMs });
        if (status >= 500 || (outcome !== 'answered' && outcome !== 'passed on')) failed(span, outcome);
        span.end();
      },
    };
  },
});
