import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { createDatabase } from '../helper/backends.ts'
import { eventually, startGateway } from '../helper/gateway.ts'
import { runNode } from '../helper/node-process.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'

interface OtlpSpan {
  readonly traceId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly attributes: readonly { key: string; value: Record<string, unknown> }[]
}

t.test('a span per request goes to the collector, in the trace of the caller', async t => {
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
  const gateway = await startGateway(t, {
    DATABASE_URL: await createDatabase(t),
    MAX_EVENT_LOOP_DELAY_MS: '0',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
  })
  const traced = (flags: string) =>
    gateway.as('42', { url: SCALP, headers: { traceparent: `00-${TRACE}-${PARENT}-${flags}` } })
  t.equal((await traced('01')).statusCode, 200)
  await traced('00')
  t.equal((await gateway.as('42', { url: '/api/nothing?user=secret-query' })).statusCode, 404)
  await eventually('the spans arrive', () => spans.length >= 2)
  const [mine, ...others] = spans.filter(({ traceId }) => traceId === TRACE)
  t.match(mine, { name: `GET /api/futures/ginie/modes/:mode`, parentSpanId: PARENT })
  t.match(
    mine!.attributes.find(({ key }) => key === 'http.response.status_code'),
    { value: { intValue: 200 } },
  )
  t.strictSame(others, [], 'what the caller does not sample is not sampled')
  t.notMatch(text, /secret-query|test-service-token/)
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
