import { loadConfig, readEnvironment } from './config.ts'

/** The probe of the image: exit 0 when /health answers 200. Degraded is healthy: settings are still answered. */

const TIMEOUT_MS = 2_500

const { http } = loadConfig(readEnvironment())
/** What listens on every address is asked at the loopback one. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }
const address = LOOPBACK[http.host] ?? http.host
const host = address.includes(':') ? `[${address}]` : address
try {
  const response = await fetch(`http://${host}:${http.port}/health`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  process.exit(response.status === 200 ? 0 : 1)
} catch {
  process.exit(1)
}
