import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { collectWork, type StoreWork } from '../telemetry/store-work.ts'
import { onAnswered } from './answered.ts'

/** The gateway's name in traces. */
const SERVICE_NAME = 'settings-gateway'
/** Longest time before spans are sent to the collector. */
const EXPORT_EVERY_MS = 1_000

/** The data of a request's span. */
export interface TracedAnswer {
  readonly request: IncomingMessage
  readonly id: string
  readonly method: string
  /** The route's pattern. */
  readonly route: string
  readonly status: number
  readonly milliseconds: number
}

/** Traces requests that Fastify does not see; hooks trace the others. */
export interface Tracer {
  /** Runs the work of a request, and collects its calls to the stores for its span. */
  readonly run: (request: IncomingMessage, work: () => void) => void
  readonly answered: (answer: TracedAnswer) => void
}

/**
 * Sends a span for each request, with a child span for each call to a store, to an OTLP/HTTP collector. A `traceparent` of
 * the caller makes it part of the caller's trace and decides the sampling. Without an endpoint no package of OpenTelemetry is
 * loaded. While the collector is unreachable spans are lost; requests are not affected.
 */
export async function traceRequests(
  app: FastifyInstance,
  endpoint: URL | undefined,
): Promise<Tracer | undefined> {
  if (endpoint === undefined) return undefined
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
  const work = new WeakMap<IncomingMessage, StoreWork[]>()
  const run: Tracer['run'] = (request, begin) => {
    const list: StoreWork[] = []
    work.set(request, list)
    collectWork(list, begin)
  }
  const answered: Tracer['answered'] = ({ request, id, method, route, status, milliseconds }) => {
    const parent = propagator.extract(api.ROOT_CONTEXT, request.headers, api.defaultTextMapGetter)
    // From the monotonic clock to the wall's, the same for the request and all that it asked of the stores.
    const endedAt = performance.now()
    const origin = Date.now() - endedAt
    // No path, no query, no user: attributes hold nothing that a caller sent.
    const attributes = {
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': status,
      'request.id': id,
    }
    const span = tracer.startSpan(
      `${method} ${route}`,
      { kind: api.SpanKind.SERVER, startTime: origin + endedAt - milliseconds, attributes },
      parent,
    )
    if (status >= 500) span.setStatus({ code: api.SpanStatusCode.ERROR })
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
    span.end(origin + endedAt)
  }
  // After the parsing of the body, whose events run in the async context of the connection, not of the request.
  app.addHook('preHandler', ({ raw }, _reply, done) => run(raw, done))
  onAnswered(app, ({ raw, id, method }, { statusCode: status }, milliseconds, { url: route = 'unknown' }) =>
    answered({ request: raw, id, method, route, status, milliseconds }),
  )
  app.addHook('onClose', () =>
    provider.shutdown().catch(error => app.log.warn({ err: error }, 'spans were lost')),
  )
  return { run, answered }
}

/** The endpoint is the collector's base address, as everywhere in OpenTelemetry. */
function tracesUrl(endpoint: URL): string {
  return `${endpoint.href.replace(/\/$/, '')}/v1/traces`
}
