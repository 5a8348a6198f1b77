import t from 'tap'
import { PRODUCTION_TIMES, startGateway } from '../helper/gateway.ts'
import { HAS_NGINX, startNginx } from '../load/nginx.ts'
import { PATIENT, rollingRestart, type StartInstance } from '../load/rolling-restart.ts'

/**
 * In this process: `npm run rolling` does the same with processes, which take seconds to start. What makes the machine
 * late makes the proxy's checks and the delay late alike, so that the delay covers them.
 */
const start: StartInstance = async (t, env, port = 0) => {
  const gateway = await startGateway(t, { ...PRODUCTION_TIMES, ...env, PORT: String(port) })
  return {
    port: Number(new URL(gateway.url).port),
    stop: async () => {
      await gateway.close()
      return 0
    },
  }
}

t.test('a rolling restart of two instances behind a proxy loses no request', async t => {
  const report = await rollingRestart(t, { rate: 50, seconds: 0, delayMs: 1_000, start, env: PATIENT })
  t.strictSame([...report.failures], [])
  t.strictSame(report.proxyFailures, [])
  t.equal(report.restarts, 2)
  t.ok(report.sent > 0, `${report.sent} requests`)
})

const skip = !HAS_NGINX && 'no nginx: npm run rolling -- --nginx gets one'

t.test('nor does one behind nginx as the README has it, without a delay', { skip }, async t => {
  const options = { rate: 50, seconds: 0, delayMs: 0, start, env: PATIENT, balancer: startNginx }
  const report = await rollingRestart(t, options)
  t.strictSame([...report.failures], [])
  t.equal(report.restarts, 2)
  t.ok(report.sent > 0, `${report.sent} requests`)
})
