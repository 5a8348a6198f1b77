import type { FastifyInstance, FastifyRequest } from 'fastify'
import { collectWork, type StoreWork } from '../telemetry/store-work.ts'
import { onAnswered } from './answered.ts'

/** The gateway's name in traces. */
const SERVICE_NAME = 'settings-gateway'
/** Spans arrive at the collector this late at most. */
const EXPORT_EVERY_MS = 1_000

/**
 * A span for each request, and in it one for each thing it asked of a store, sent to an OTLP/HTTP collector; a `traceparent` of the caller makes it part of the caller's
 * trace, and one that is not sampled there is not sampled here. Without an endpoint nothing is loaded. A collector
 * that is away costs the spans and nothing else.
 */
export async function traceRequests(app: FastifyInstance, endpoint: URL | undefined): Promise<void> {
  if (endpoint === undefined) return
  const [api, { W3CTraceContextPropagator }, { resourceFromAttributes }, sdk, { OTLPTraceExporter }] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/core'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-http'),
    ])
  const exporter = new OTLPTraceExporter({ url: tracesUrl(endpoint) })
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': SERVICE_NAME }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.AlwaysOnSampler() }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, scheduledDelayMillis: EXPORT_EVERY_MS })],
  })
  const tracer = provider.getTracer(SERVICE_NAME)
  const propagator = new W3CTraceContextPropagator()
  const work = new WeakMap<FastifyRequest, StoreWork[]>()
  // Behind the parsing of the body, whose events come from the connection and not from the request.
  app.addHook('preHandler', (request, _reply, done) => {
    const list: StoreWork[] = []
    work.set(request, list)
    collectWork(list, done)
  })
  onAnswered(app, (request, reply, milliseconds) => {
    const route = request.routeOptions.url ?? 'unknown'
    const parent = propagator.extract(api.ROOT_CONTEXT, request.headers, api.defaultTextMapGetter)
    const endedAt = Date.now()
    // No path, no query, no user: attributes hold nothing that a caller sent.
    const attributes = {
      'http.request.method': request.method,
      'http.route': route,
      'http.response.status_code': reply.statusCode,
      'request.id': request.id,
    }
    const span = tracer.startSpan(
      `${request.method} ${route}`,
      { kind: api.SpanKind.SERVER, startTime: endedAt - milliseconds, attributes },
      parent,
    )
    if (reply.statusCode >= 500) span.setStatus({ code: api.SpanStatusCode.ERROR })
    // From the monotonic clock to the wall's.
    const origin = endedAt - performance.now()
    const inside = api.trace.setSpan(parent, span)
    for (const each of span.isRecording() ? (work.get(request) ?? []) : []) {
      const child = tracer.startSpan(
        `${each.system} ${each.operation}`,
        {
          kind: api.SpanKind.CLIENT,
          startTime: origin + each.startedAt,
          attributes: { 'db.system.name': each.system, 'db.operation.name': each.operation },
        },
        inside,
      )
      if (each.failed) child.setStatus({ code: api.SpanStatusCode.ERROR })
      child.end(origin + each.endedAt)
    }
    span.end(endedAt)
  })
  app.addHook('onClose', () =>
    provider.shutdown().catch(error => app.log.warn({ err: error }, 'spans were lost')),
  )
}

/** The endpoint is the collector's base address, as everywhere in OpenTelemetry. */
function tracesUrl(endpoint: URL): string {
  return `${endpoint.href.replace(/\/$/, '')}/v1/traces`
}
