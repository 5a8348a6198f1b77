import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import { request } from 'undici'
import type { LoadGenerator } from './load.ts'
import { DECISION } from './reads.ts'
import { type Contender, compare, type Result, type Rounds } from './rounds.ts'
import type { ServerProcess } from './server-process.ts'
import { asBot, type Stack } from './stack.ts'
import { growthUser, type Memory, UserData } from './user-data.ts'

const PATH = '/api/futures/ginie/capital-allocation'
/** Users of the bot that are read again and again, spread over all. */
const ACTIVE_USERS = 1_000
const SAMPLE_USERS = 200

export interface GrowthResult {
  readonly users: number
  /** Per user since the start, with one document each. */
  readonly memory: Memory
  /** Of reads of 1,000 active users. */
  readonly active: Cost
  /** Of reads of any user, each as likely as another. */
  readonly any: Cost
}

export interface Growth {
  readonly results: readonly GrowthResult[]
  /** Of a user with all documents. */
  readonly fullUser: Memory
}

interface Cost {
  readonly rps: number
  /** Microseconds per request. */
  readonly cpuUs: number
  /** The same as a multiple of what bare Fastify took in the same minutes: sizes are measured long after one another. */
  readonly cpuOfBare: number
}

export interface GrowthOptions extends Rounds {
  readonly sizes: readonly number[]
}

/** Reads of one document among ever more users. `bare` answers /small. */
export async function growUsers(
  stack: Stack,
  generator: LoadGenerator,
  gateway: ServerProcess,
  bare: ServerProcess,
  options: GrowthOptions,
): Promise<Growth> {
  const database = new pg.Client(stack.databaseUrl)
  const redis = new Redis(stack.redisUrl)
  await database.connect()
  try {
    const defaults = JSON.parse((await redis.get('admin:defaults:all')) ?? '{}').data
    const data = new UserData(database, redis, stack.redisPort, defaults)
    const fullUser = await memoryOfFullUser(gateway, data)
    const empty = await data.memory()
    const results: GrowthResult[] = []
    let filled = 0
    for (const users of options.sizes) {
      await data.add(filled, users)
      filled = users
      const [bareReads, active, any] = await compare(generator, readers(stack, gateway, bare, users), options)
      const memory = perUser(await data.memory(), empty, users)
      results.push({ users, memory, active: costOf(active!, bareReads!), any: costOf(any!, bareReads!) })
    }
    return { results, fullUser }
  } finally {
    redis.disconnect()
    await database.end()
  }
}

function readers(stack: Stack, gateway: ServerProcess, bare: ServerProcess, users: number): Contender[] {
  const against = 'bare'
  const load = (name: string, count: number, step: number) => ({
    url: `${gateway.url}${PATH}`,
    headers: asBot(growthUser(0)),
    script: randomUsers(stack, name, count, step),
  })
  const active = Math.min(ACTIVE_USERS, users)
  return [
    { name: against, load: { url: `${bare.url}/small` }, server: bare },
    { name: 'active', against, load: load('active', active, Math.floor(users / active)), server: gateway },
    { name: 'any', against, load: load('any', users, 1), server: gateway },
  ]
}

/** A script of wrk that names another user in each request. */
export function randomUsers(stack: Stack, name: string, count: number, step: number): string {
  const file = join(stack.directory, `${name}.lua`)
  writeFileSync(
    file,
    `-- Without a seed every run names the same users in the same order, and the near cache knows them.
math.randomseed(os.time())
request = function()
  wrk.headers["X-User-Id"] = "u" .. math.random(0, ${count - 1}) * ${step}
  return wrk.format()
end
`,
  )
  return file
}

/** What a user with all documents takes: keys, rows and history. */
async function memoryOfFullUser(gateway: ServerProcess, data: UserData): Promise<Memory> {
  const before = await data.memory()
  for (let n = 0; n < SAMPLE_USERS; n++) {
    const reply = await request(`${gateway.url}${DECISION}`, { headers: asBot(`full-${n}`) })
    await reply.body.dump()
  }
  return perUser(await data.memory(), before, SAMPLE_USERS)
}

function perUser(now: Memory, before: Memory, users: number): Memory {
  return {
    redisBytes: Math.round((now.redisBytes - before.redisBytes) / users),
    postgresBytes: Math.round((now.postgresBytes - before.postgresBytes) / users),
  }
}

function costOf({ rps, cpuUs = 0 }: Result, { cpuUs: bareUs = 0 }: Result): Cost {
  return { rps, cpuUs, cpuOfBare: cpuUs / bareUs }
}
