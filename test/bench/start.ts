import { Redis } from 'ioredis'
import pg from 'pg'
import { Pool, request } from 'undici'
import { bareServer, DECISION, DEFAULT_USER } from './reads.ts'
import { median } from './rounds.ts'
import type { ServerProcess } from './server-process.ts'
import { asBot, type Stack, startStack } from './stack.ts'

/** Reads at once while many users become active. */
const READERS = 32
const USERS_PER_STATEMENT = 1_000
/** More than 100,000 users take. */
const REDIS_MEMORY = '8gb'
const MIB = 1_024 * 1_024

export interface StartResult {
  readonly name: string
  /** Medians over the rounds. From the start of the process to its first answer, milliseconds; the time of its processor until then. */
  readonly startMs: number
  readonly cpuMs: number
  /** Resident memory right after the first answer, MiB. */
  readonly restMb: number
  /** The same after the reads of all active users; undefined = the server keeps nothing of them. */
  readonly activeMb?: number
  /** Redis per active user with all documents, bytes. */
  readonly redisBytes?: number
}

export interface StartOptions {
  readonly rounds: number
  /** Users with all documents who are read. */
  readonly active: number
  /** Another version of this repository. */
  readonly checkout: string | undefined
}

interface Starter {
  readonly name: string
  readonly start: () => Promise<ServerProcess>
  readonly firstPath: string
}

type Memory = Pick<StartResult, 'activeMb' | 'redisBytes'>

/** Start and memory of this gateway, that of another checkout, and bare Fastify, in turn. `stack` has the bare server. */
export async function compareStarts(
  stack: Stack,
  { rounds, active, checkout }: StartOptions,
): Promise<StartResult[]> {
  const bodies = { bundle: Buffer.from('{}') }
  const starters: Starter[] = [{ name: 'bare', start: () => bareServer(stack, bodies), firstPath: '/bundle' }]
  const memories = new Map<string, Memory>()
  const stacks: Stack[] = []
  try {
    for (const from of new Set([undefined, checkout])) {
      const own = await startStack({ redisMemory: REDIS_MEMORY })
      stacks.push(own)
      const name = from === undefined ? 'gateway' : 'before'
      const start = () => own.gateway({}, from)
      memories.set(name, await memoryOf(own, start, active))
      starters.push({ name, start, firstPath: DECISION })
    }
    const samples = await inTurn(starters, rounds)
    return starters.map(({ name }) => ({ name, ...mediansOf(samples.get(name)!), ...memories.get(name) }))
  } finally {
    await Promise.all(stacks.map(each => each.stop()))
  }
}

type Sample = Pick<StartResult, 'startMs' | 'cpuMs' | 'restMb'>

async function inTurn(starters: readonly Starter[], rounds: number): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(starters.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const starter of round % 2 === 0 ? starters : starters.toReversed())
      samples.get(starter.name)!.push(await timed(starter))
  }
  return samples
}

function mediansOf(samples: readonly Sample[]): Sample {
  const of = (field: keyof Sample) => median(samples.map(sample => sample[field]))
  return { startMs: of('startMs'), cpuMs: of('cpuMs'), restMb: of('restMb') }
}

async function timed({ start, firstPath }: Starter): Promise<Sample> {
  const startedAt = performance.now()
  const server = await start()
  const reply = await request(`${server.url}${firstPath}`, { headers: asBot(DEFAULT_USER) })
  await reply.body.dump()
  const startMs = performance.now() - startedAt
  if (reply.statusCode !== 200) throw new Error(`the first answer is ${reply.statusCode}`)
  const { cpuUs, rssBytes } = await server.usage()
  await server.stop()
  return { startMs, cpuMs: cpuUs / 1_000, restMb: rssBytes / MIB }
}

/** What a gateway and its Redis take for `users` active users with all documents, each read twice. */
async function memoryOf(stack: Stack, start: Starter['start'], users: number): Promise<Memory> {
  const gateway = await start()
  const redis = new Redis(stack.redisUrl)
  try {
    await readAll(gateway.url, [DEFAULT_USER])
    const names = Array.from({ length: users }, (_, n) => `active-${n}`)
    await copyDefaultUser(stack.databaseUrl, users)
    const before = await usedBytes(redis)
    for (let round = 0; round < 2; round++) await readAll(gateway.url, names)
    const redisBytes = ((await usedBytes(redis)) - before) / users
    return { activeMb: (await gateway.usage()).rssBytes / MIB, redisBytes }
  } finally {
    redis.disconnect()
    await gateway.stop()
  }
}

/** In the name of the gateway's writer: the trigger for rows changed by hand would turn the view OFF. */
async function copyDefaultUser(databaseUrl: string, users: number): Promise<void> {
  const database = new pg.Client(databaseUrl)
  await database.connect()
  try {
    for (let first = 0; first < users; first += USERS_PER_STATEMENT) {
      await database.query('BEGIN')
      await database.query(`SELECT set_config('gateway.writer', 'on', true)`)
      await database.query(
        `INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid)
         SELECT 'active-' || n, kind, version, data, updated_at, updated_by, pg_current_xact_id()
         FROM documents, generate_series($1::int, $2::int - 1) AS n WHERE user_id = $3`,
        [first, Math.min(users, first + USERS_PER_STATEMENT), DEFAULT_USER],
      )
      await database.query('COMMIT')
    }
  } finally {
    await database.end()
  }
}

async function readAll(url: string, names: readonly string[]): Promise<void> {
  const pool = new Pool(url, { connections: READERS })
  let next = 0
  const reader = async () => {
    for (let name = names[next++]; name !== undefined; name = names[next++]) {
      const reply = await pool.request({ method: 'GET', path: DECISION, headers: asBot(name) })
      await reply.body.dump()
      if (reply.statusCode !== 200) throw new Error(`a read is answered ${reply.statusCode}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: READERS }, reader))
  } finally {
    await pool.close()
  }
}

async function usedBytes(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1] ?? 0)
}
