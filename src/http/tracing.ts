import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { collectWork, type StoreWork } from '../telemetry/store-work.ts'
import { onAnswered } from './answered.ts'

/** The gateway's name in traces. */
const SERVICE_NAME = 'settings-gateway'
/** Spans arrive at the collector this late at most. */
const EXPORT_EVERY_MS = 1_000

/** A request as its span tells of it. */
export interface TracedAnswer {
  readonly request: IncomingMessage
  readonly id: string
  readonly method: string
  /** The route's pattern. */
  readonly route: string
  readonly status: number
  readonly milliseconds: number
}

/** For requests that Fastify does not see; its own are traced by hooks. */
export interface Tracer {
  /** Runs the work of a request: what it asks of a store is in its span. */
  readonly run: (request: IncomingMessage, work: () => void) => void
  readonly answered: (answer: TracedAnswer) => void
}

/**
 * A span for each request, and in it one for each thing it asked of a store, sent to an OTLP/HTTP collector; a
 * `traceparent` of the caller makes it part of the caller's trace, and one that is not sampled there is not sampled here.
 * Without an endpoint nothing is loaded. A collector that is away costs the spans and nothing else.
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
    const endedAt = Date.now()
    // No path, no query, no user: attributes hold nothing that a caller sent.
    const attributes = {
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': status,
      'request.id': id,
    }
    const span = tracer.startSpan(
      `${method} ${route}`,
      { kind: api.SpanKind.SERVER, startTime: endedAt - milliseconds, attributes },
      parent,
    )
    if (status >= 500) span.setStatus({ code: api.SpanStatusCode.ERROR })
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
  }
  // Behind the parsing of the body, whose events come from the connection and not from the request.
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
