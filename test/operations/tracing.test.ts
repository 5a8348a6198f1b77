import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { eventually, startGateway, type TestGateway } from '../helper/gateway.ts'
import { runNode } from '../helper/node-process.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const MODE = '/api/futures/ginie/modes/:mode'
/** The duration of a request is measured a moment before its end is: a busy machine may pause in between. */
const PAUSE_NS = 500_000_000n
const READ = /^redis read(Heads)?$/
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'

interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  /** Nanoseconds since 1970. */
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { key: string; value: Record<string, unknown> }[]
}

/** A gateway that sends its spans to a collector, and what arrives there. */
async function startTraced(t: Test) {
  const spans: OtlpSpan[] = []
  let text = ''
  const collector = createServer(async (request, response) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString())
    text += JSON.stringify(body)
    for (const resource of body.resourceSpans)
      for (const scope of resource.scopeSpans) spans.push(...scope.spans)
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ path: request.url }))
  }).listen(0, '127.0.0.1')
  await once(collector, 'listening')
  t.teardown(() => collector.close())
  const [databaseUrl, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  const gateway = await startGateway(t, {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
  })
  await eventually('it answers from Redis', async () => (await health(gateway)) === 'healthy')
  return { gateway, spans, text: () => text }
}

async function health(gateway: TestGateway): Promise<string> {
  return (await gateway.app.inject({ url: '/health' })).json().status
}

t.test('a span per request goes to the collector, in the trace of the caller', async t => {
  const { gateway, spans, text } = await startTraced(t)
  const traced = (flags: string) =>
    gateway.as('42', { url: SCALP, headers: { traceparent: `00-${TRACE}-${PARENT}-${flags}` } })
  t.equal((await traced('01')).statusCode, 200)
  await traced('00')
  t.equal((await gateway.as('42', { url: '/api/nothing?user=secret-query' })).statusCode, 404)
  await eventually('the spans arrive', () => spans.some(({ name }) => name === 'GET unknown'))
  const [mine, ...others] = spans.filter(
    ({ traceId, parentSpanId }) => traceId === TRACE && parentSpanId === PARENT,
  )
  t.match(mine, { name: `GET /api/futures/ginie/modes/:mode`, parentSpanId: PARENT })
  t.match(
    mine!.attributes.find(({ key }) => key === 'http.response.status_code'),
    { value: { intValue: 200 } },
  )
  t.strictSame(others, [], 'what the caller does not sample is not sampled')
  t.notMatch(text(), /secret-query|test-service-token/)
})

t.test('what a request asks of the stores is in its span', async t => {
  const { gateway, spans, text } = await startTraced(t)
  const insideOf = async (name: string, requestId: string) => {
    const isMine = (span: OtlpSpan) =>
      span.name === name && span.attributes.some(({ value }) => value.stringValue === requestId)
    await eventually(name, () => spans.some(isMine))
    const { spanId, traceId, startTimeUnixNano: begin, endTimeUnixNano: end } = spans.find(isMine)!
    const inside = spans.filter(({ parentSpanId }) => parentSpanId === spanId)
    for (const span of inside) {
      t.equal(span.traceId, traceId)
      t.ok(BigInt(span.startTimeUnixNano) >= BigInt(begin) - PAUSE_NS, `${span.name} begins in it`)
      t.ok(BigInt(span.endTimeUnixNano) <= BigInt(end) + PAUSE_NS, `${span.name} ends in it`)
    }
    return inside.map(span => span.name)
  }
  const payload = { confidence: { min_confidence: 41 } }
  await gateway.as('42', { url: SCALP })
  await gateway.as('42', { method: 'PUT', url: SCALP, headers: { 'x-request-id': 'the-write' }, payload })
  // A read comes first where it is not known yet that the user exists.
  const written = (await insideOf(`PUT ${MODE}`, 'the-write')).filter(name => !READ.test(name))
  t.strictSame(written, ['postgresql beginWrite', 'redis fence', 'postgresql applyAndCommit', 'redis put'])
  await gateway.as('42', { url: SCALP, headers: { 'x-request-id': 'the-read' } })
  const read = await insideOf(`GET ${MODE}`, 'the-read')
  t.ok(read.length > 0)
  t.ok(
    read.every(name => READ.test(name)),
    `${read}`,
  )
  const sequence = { url: '/api/user/sequence', headers: { 'x-request-id': 'the-draw' } }
  await gateway.as('42', { method: 'POST', ...sequence })
  const drawn = await insideOf('POST /api/user/sequence', 'the-draw')
  t.ok(drawn.includes('redis draw'), `${drawn}`)
  t.notMatch(text(), 'user:42', 'no key, no statement, no user')
})

t.test('without an endpoint nothing of it is loaded', async t => {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    const { buildApp } = await import('./src/app.ts')
    const { loadConfig } = await import('./src/config.ts')
    const env = { DATABASE_URL: 'postgres://x@127.0.0.1:1/x', JWT_SECRET: 'x'.repeat(40), LOG_LEVEL: 'silent' }
    const { app } = await buildApp(loadConfig({ ...env, ...JSON.parse(process.env.MORE) }))
    await app.close()
    console.log(JSON.stringify(loaded.filter(url => /@opentelemetry\\/(?!api\\/)/.test(url)).length))
  `
  const count = async (more: object) => {
    const args = ['--input-type=module', '--eval', script]
    const { output } = await runNode(args, {
      cwd: `${import.meta.dirname}/../..`,
      env: { MORE: JSON.stringify(more) },
    })
    return Number(output)
  }
  t.equal(await count({}), 0)
  t.ok((await count({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })) > 0, 'the test can tell')
})
