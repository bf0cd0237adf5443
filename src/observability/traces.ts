// OpenTelemetry traces: a span per request, within the trace of its traceparent header, and a child span per phase.
import { defaultTextMapGetter, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { FastifyBaseLogger } from 'fastify';
import packageJson from '../../package.json' with { type: 'json' };
import { type Finished, pathOf } from '../http/exchange.ts';
import { phases } from '../operations/report.ts';

export interface Traces {
  observe(finished: Finished): void;
  /** Sends the remaining spans. */
  close(): Promise<void>;
}

/** Timeout for sending spans, in milliseconds. Short, since the process waits for it on shutdown. */
const EXPORT_TIMEOUT_MS = 2_000;

const propagator = new W3CTraceContextPropagator();

/** Sends traces to `endpoint` by OTLP over HTTP. OpenTelemetry's own variables, such as OTEL_SERVICE_NAME, are supported. */
export function startTraces(endpoint: string, log: Pick<FastifyBaseLogger, 'warn'>): Traces {
  const warn = (error: unknown) => log.warn(`traces cannot be sent to ${endpoint}: ${(error as Error).message}`);
  setGlobalErrorHandler(warn);
  const url = new URL('v1/traces', endpoint.replace(/\/*$/, '/')).href;
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS });
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': packageJson.name, 'service.version': packageJson.version }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: EXPORT_TIMEOUT_MS })],
  });
  const tracer = provider.getTracer(packageJson.name, packageJson.version);

  return {
    observe({ request, exchange, status, duration, isCutOff }) {
      const startTime = performance.timeOrigin + exchange.began;
      const { route, sizes, flops, problem } = exchange;
      const span = tracer.startSpan(
        route ? `${request.method} ${route}` : request.method,
        {
          kind: SpanKind.SERVER,
          startTime,
          // OpenTelemetry's semantic conventions for HTTP, and our own attributes.
          attributes: {
            'http.request.method': request.method,
            'url.path': pathOf(request),
            'url.scheme': request.protocol,
            'request.id': request.id,
            ...(status !== undefined && { 'http.response.status_code': status }),
            ...(route && { 'http.route': route }),
            ...(problem && { 'error.type': problem }),
            ...(isCutOff && { 'error.type': 'cut-off' }),
            ...(sizes && { 'gradients.layers': sizes.units.length, 'gradients.samples': sizes.samples }),
            ...(flops !== undefined && { 'gradients.flops': flops }),
          },
        },
        propagator.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter),
      );
      if (isCutOff || (status as number) >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      addPhases(span, exchange, startTime);
      span.end(startTime + duration);
    },
    close: () => provider.shutdown().catch(warn),
  };

  /** Adds a child span per phase. The phases are treated as consecutive: gaps between them are negligible. */
  function addPhases(parent: Span, exchange: Finished['exchange'], startTime: number): void {
    const context = trace.setSpan(ROOT_CONTEXT, parent);
    let at = startTime;
    for (const phase of phases) {
      const ms = exchange.phases[phase];
      if (ms === undefined) continue;
      tracer.startSpan(phase, { startTime: at }, context).end(at + ms);
      at += ms;
    }
  }
}
