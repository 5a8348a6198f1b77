import { commandLine } from '../../src/commands/command-line.ts'
import { startInstance } from '../helper/instance.ts'
import { startNginx } from './nginx.ts'
import { rollingRestart } from './rolling-restart.ts'
import { withScope } from './scope.ts'

/**
 * `npm run rolling -- --rate 500 --seconds 30`: rolling restarts under load, with the times that operators get by
 * default; exit code 1 when a request failed. Behind a proxy that asks for /health/ready and never sends a request
 * twice, or with `--nginx` behind nginx with the README's configuration.
 */

const { values } = commandLine({
  command: 'npm run rolling --',
  summary: 'Rolling restarts of two instances under load; ends with 1 when a request failed.',
  options: {
    rate: { type: 'string', value: 'N', default: '500', minimum: 1, help: 'Requests per second.' },
    seconds: { type: 'string', value: 'N', default: '30', minimum: 1, help: 'How long.' },
    delay: {
      type: 'string',
      value: 'MS',
      default: '2000',
      minimum: 0,
      help: 'SHUTDOWN_DELAY_MS of the instances.',
    },
    nginx: {
      type: 'boolean',
      default: false,
      help: 'Behind nginx, with the configuration of the documentation.',
    },
  },
})
await withScope(async scope => {
  const report = await rollingRestart(scope, {
    start: startInstance,
    rate: Number(values.rate),
    seconds: Number(values.seconds),
    delayMs: Number(values.delay),
    ...(values.nginx ? { balancer: startNginx } : {}),
  })
  const { sent, failed, failures, restarts, exitCodes, p50, p99 } = report
  process.stdout.write(
    `${restarts} restarts (exit codes ${exitCodes.join(' ')}), ${sent} requests, ${failed} failed, ` +
      `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms\n`,
  )
  for (const [failure, count] of failures) process.stdout.write(`${count} x ${failure}\n`)
  for (const failure of report.proxyFailures.slice(0, 20)) process.stdout.write(`proxy: ${failure}\n`)
  if (failed > 0 || exitCodes.some(code => code !== 0)) process.exitCode = 1
})
