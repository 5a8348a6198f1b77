import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { resolve } from 'node:path'
import { request } from 'undici'
import { commandLine, endWithUsage } from '../../src/commands/command-line.ts'
import { compareCluster } from './cluster.ts'
import { compareDegraded } from './degraded.ts'
import { growUsers } from './growth.ts'
import { loadGenerator } from './load.ts'
import { compareLatencies } from './open-loop.ts'
import { compareProcesses } from './processes.ts'
import { besideContenders, DECISION, DEFAULT_USER, readContenders } from './reads.ts'
import {
  comparison,
  growthTable,
  latencyTable,
  openTable,
  processTable,
  startTable,
  writeTable,
} from './report.ts'
import { compare } from './rounds.ts'
import type { ServerProcess } from './server-process.ts'
import { asBot, CACHE_DIR, startStack } from './stack.ts'
import { compareStarts } from './start.ts'
import {
  compareWrites,
  drawNumbers,
  gatewayWrites,
  plainWrites,
  type Writable,
  type WriteRates,
} from './writes.ts'

/**
 * `npm run bench`: builds everything itself, prints and writes Markdown. Only ratios of one run mean something: the
 * machine is shared, and figures move with it.
 */

const PARTS = [
  'reads',
  'open-loop',
  'writes',
  'sequence',
  'processes',
  'users',
  'degraded',
  'start',
  'beside',
  'cluster',
] as const
/** Those of one gateway and one Redis. */
const DEFAULT_PARTS = PARTS.filter(part => part !== 'beside' && part !== 'cluster')
type Part = (typeof PARTS)[number]

const { values: flags } = commandLine({
  command: 'npm run bench --',
  summary:
    'Measures the gateway beside bare Fastify and proxies, interleaved; only ratios of one run mean something.',
  options: {
    only: { type: 'string', value: 'PARTS', default: DEFAULT_PARTS.join(','), help: 'What to measure.' },
    match: { type: 'string', value: 'TEXT', default: '', help: 'Only contenders whose names contain this.' },
    rounds: { type: 'string', value: 'N', default: '5', minimum: 1, help: 'Rounds.' },
    seconds: {
      type: 'string',
      value: 'N',
      default: '4',
      help: 'Of each contender in each round; fractions are for the test of this script.',
    },
    connections: { type: 'string', value: 'N', default: '64', minimum: 1, help: 'Connections.' },
    rate: {
      type: 'string',
      value: 'N',
      default: '1000',
      minimum: 1,
      help: 'Requests per second of the open loop.',
    },
    writers: { type: 'string', value: 'N,N', default: '1,16,64', help: 'Writers at once.' },
    processes: { type: 'string', value: 'N,N', default: '1,2,4', help: 'Gateway processes on one Redis.' },
    users: {
      type: 'string',
      value: 'N,N',
      default: '1000,10000,100000,1000000',
      help: 'Users in the database.',
    },
    active: {
      type: 'string',
      value: 'N',
      default: '100000',
      minimum: 1,
      help: 'Active users in the part `start`.',
    },
    checkout: {
      type: 'string',
      value: 'DIR',
      help: 'Another version of this repository, installed; the parts `beside` and `start` compare it with this one.',
    },
    out: { type: 'string', value: 'FILE', help: 'Write the report there, too.' },
    offline: {
      type: 'boolean',
      default: false,
      help: 'Download nothing: autocannon for wrk, no proxies written in C.',
    },
  },
})
const rounds = Number(flags.rounds)
const seconds = Number(flags.seconds)
const rate = Number(flags.rate)
const connections = Number(flags.connections)
const writers = flags.writers.split(',').map(Number)
if (!(seconds > 0)) endWithUsage(`--seconds must be a number above 0, is ${JSON.stringify(flags.seconds)}`)
const parts = new Set(flags.only.split(','))
const unknown = [...parts].filter(part => !PARTS.includes(part as Part))
if (unknown.length > 0) endWithUsage(`--only takes ${PARTS.join(', ')}, not ${unknown.join(', ')}`)

if (parts.has('beside') && flags.checkout === undefined) endWithUsage('the part beside needs --checkout DIR')

const generator = loadGenerator(CACHE_DIR, flags.offline)
const noteOnUsers =
  generator.name === 'wrk' ? '' : ' (all reads of one user: only wrk names another in each request)'
const matches = (name: string) => new RegExp(flags.match).test(name)
const report: string[] = []
const say = (text: string) => {
  report.push(text)
  process.stdout.write(`${text}\n\n`)
}

const stack = await startStack({ redisMemory: '2gb' })
try {
  say(
    `# Bench\n\nNode ${process.version}, ${generator.name}, ${rounds} rounds of ${seconds} s. Load average ${loads()}.`,
  )
  const { contenders, gateway, bare } = await readContenders(stack, flags.offline)
  const parted: Record<Part, () => Promise<string>> = {
    reads: async () => {
      const chosen = contenders.filter(({ name }) => matches(name))
      const results = await compare(generator, chosen, { rounds, seconds, connections })
      return `## Reads, ${connections} connections\n\n${comparison(results)}`
    },
    'open-loop': async () => {
      const get = (name: string, { url }: ServerProcess, path: string) => ({
        name,
        url,
        calls: [{ method: 'GET' as const, path, headers: asBot(DEFAULT_USER) }],
      })
      const measured = await compareLatencies(
        generator,
        [
          get('decision-settings', gateway, DECISION),
          get('bare Fastify, the same bytes', bare, '/bundle'),
          get('five SELECTs', bare, '/select-five'),
        ],
        rounds,
        { rate, seconds, connections },
      )
      return `## ${rate} requests/s, open loop\n\n${openTable(measured)}`
    },
    writes: async () => {
      return `## Writes of 3 KB\n\n${writeTable(await writesOf(gateway, plainWrites(bare)))}`
    },
    degraded: async () => {
      const { closed, open } = await compareDegraded(generator, gateway, {
        rounds,
        seconds,
        connections,
        rate,
      })
      const tables = [...closed].map(
        ([count, results]) => `${count} connections:\n\n${comparison(results, 'healthy')}`,
      )
      return `## Without Redis\n\n${tables.join('\n\n')}\n\n${rate} requests/s of ${rate} users, open loop:\n\n${openTable(open)}`
    },
    start: async () => {
      const active = Number(flags.active)
      const results = await compareStarts(stack, { rounds, active, checkout: flags.checkout })
      return `## Start and memory\n\n${startTable(results, active)}`
    },
    beside: async () => {
      const other = await startStack({ redisMemory: '2gb' })
      try {
        const before = await other.gateway({}, resolve(flags.checkout!))
        const chosen = (await besideContenders(gateway, before)).filter(({ name }) => matches(name))
        const reads = await compare(generator, chosen, { rounds, seconds, connections })
        const writes = await writesOf(gateway, gatewayWrites(before))
        return `## Beside ${flags.checkout}\n\n${comparison(reads, 'before')}\n\n${writeTable(writes, 'before')}`
      } finally {
        await other.stop()
      }
    },
    cluster: async () => {
      const results = await compareCluster(stack, generator, gateway, { rounds, seconds, connections })
      return `## Three nodes of a Redis Cluster${noteOnUsers}\n\n${comparison(results, 'one Redis')}`
    },
    sequence: async () => {
      const measured = {
        '1 connection': await drawNumbers(gateway, 1, seconds),
        [`${connections} connections`]: await drawNumbers(gateway, connections, seconds),
      }
      return `## Sequence numbers\n\n${latencyTable(measured)}`
    },
    processes: async () => {
      const counts = flags.processes.split(',').map(Number)
      return `## Gateway processes on one Redis\n\n${processTable(await compareProcesses(stack, generator, gateway, { counts, rounds, seconds, connections }))}`
    },
    users: async () => {
      const sizes = flags.users.split(',').map(Number)
      return `## Users${noteOnUsers}\n\n${growthTable(await growUsers(stack, generator, gateway, bare, { sizes, rounds, seconds, connections }))}`
    },
  }
  for (const part of PARTS) if (parts.has(part)) say(await parted[part]())
  const { rssBytes } = await gateway.usage()
  say(
    `How the gateway answered: ${await readsByStatus(gateway.url)}. All but the first reads should be hits.`,
  )
  say(`RSS of the gateway: ${Math.round(rssBytes / 1024 / 1024)} MiB. Load average ${loads()}.`)
  if (flags.out !== undefined) writeFileSync(flags.out, `${report.join('\n\n')}\n`)
} finally {
  await stack.stop()
}

/** With each number of writers in turn. */
async function writesOf(gateway: ServerProcess, other: Writable): Promise<WriteRates[]> {
  const results: WriteRates[] = []
  // A server that has just started runs few writers with code that is not compiled yet: the many come first.
  for (const count of writers.toSorted((a, b) => b - a))
    results.push(await compareWrites(gatewayWrites(gateway), other, { rounds, seconds, connections: count }))
  return results.toReversed()
}

async function readsByStatus(url: string): Promise<string> {
  const { body } = await request(`${url}/metrics`)
  const counts = (await body.text()).matchAll(/^settings_reads_total\{status="([^"]+)"\} (\d+)/gm)
  return [...counts].map(([, status, count]) => `${status} ${count}`).join(', ')
}

function loads(): string {
  return loadavg()
    .map(value => value.toFixed(1))
    .join(' ')
}
