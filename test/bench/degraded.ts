import { request } from 'undici'
import type { LoadGenerator } from './load.ts'
import { type OpenContender, type OpenMeasured, openLoop } from './open-loop.ts'
import { DECISION, DEFAULT_USER } from './reads.ts'
import { compare, type Result } from './rounds.ts'
import type { ServerProcess } from './server-process.ts'
import { asBot, type Stack, startStack } from './stack.ts'

const CONNECTIONS = [8, 64]
/** How long an outage is watched from its first moment on. */
const OUTAGE_SECONDS = 5
const HIT = 'settings-gateway; hit'
const PATIENCE_MS = 30_000

export interface DegradedOptions {
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
  /** Requests per second of the open loops, of as many users. */
  readonly rate: number
}

export interface Degraded {
  /** By the number of connections. */
  readonly closed: ReadonlyMap<number, readonly Result[]>
  readonly open: ReadonlyMap<string, OpenMeasured>
}

/**
 * decision-settings of a gateway whose Redis is frozen, then killed, beside `healthy`, which has its own. The outages come
 * first: what the gateway holds by then is what Redis has answered.
 */
export async function compareDegraded(
  generator: LoadGenerator,
  healthy: ServerProcess,
  options: DegradedOptions,
): Promise<Degraded> {
  const stack = await startStack({ redisMemory: '2gb' })
  try {
    const gateway = await stack.gateway()
    await readAs(gateway, DEFAULT_USER)
    const open = await openLoops(stack, gateway, options)
    const load = ({ url }: ServerProcess) => ({ url: `${url}${DECISION}`, headers: asBot(DEFAULT_USER) })
    const contenders = [
      { name: 'healthy', load: load(healthy), server: healthy },
      { name: 'without Redis', against: 'healthy', load: load(gateway), server: gateway },
    ]
    const closed = new Map<number, readonly Result[]>()
    for (const connections of CONNECTIONS)
      closed.set(connections, await compare(generator, contenders, { ...options, connections }))
    return { closed, open }
  } finally {
    await stack.stop()
  }
}

/** Of many users: with Redis, the first seconds without it, and then. */
async function openLoops(
  stack: Stack,
  gateway: ServerProcess,
  options: DegradedOptions,
): Promise<Map<string, OpenMeasured>> {
  const contender: OpenContender = {
    name: 'decision-settings',
    url: gateway.url,
    calls: Array.from({ length: options.rate }, (_, n) => ({
      method: 'GET',
      path: DECISION,
      headers: asBot(`user-${n}`),
    })),
  }
  const outage = { ...options, seconds: Math.min(OUTAGE_SECONDS, 5 * options.seconds) }
  // Creates the users, and then each is a hit.
  for (let round = 0; round < 2; round++)
    await openLoop(contender, { ...options, rate: 200, seconds: options.rate / 200 })
  const open = new Map<string, OpenMeasured>()
  const measure = async (name: string, measured: Promise<OpenMeasured>) => open.set(name, await measured)
  await measure('with Redis', openLoop(contender, options))
  await measure(
    `first ${outage.seconds} s after SIGSTOP of Redis`,
    openLoop(contender, outage, () => process.kill(stack.redis.pid, 'SIGSTOP')),
  )
  process.kill(stack.redis.pid, 'SIGCONT')
  await untilHit(gateway)
  await openLoop(contender, options)
  await measure(
    `first ${outage.seconds} s after SIGKILL of Redis`,
    openLoop(contender, outage, () => process.kill(stack.redis.pid, 'SIGKILL')),
  )
  await measure('without Redis', openLoop(contender, options))
  return open
}

/** How it was answered. */
async function readAs({ url }: ServerProcess, user: string): Promise<unknown> {
  const { headers, body } = await request(`${url}${DECISION}`, { headers: asBot(user) })
  await body.dump()
  return headers['cache-status']
}

async function untilHit(gateway: ServerProcess): Promise<void> {
  const patience = performance.now() + PATIENCE_MS
  for (;;) {
    if ((await readAs(gateway, 'user-0')) === HIT) return
    if (performance.now() > patience) throw new Error('the gateway does not use Redis again')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
