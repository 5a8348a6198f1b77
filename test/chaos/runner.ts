import { setTimeout as sleep } from 'node:timers/promises'
import type { Scope } from '../helper/backends.ts'
import { slotOfUser } from '../helper/cluster/users.ts'
import { Random } from '../simulation/random.ts'
import { check } from './checker/check.ts'
import { countNumbers } from './checker/numbers.ts'
import { ChaosClient } from './client.ts'
import {
  compareCache,
  readOnPeriods,
  readStored,
  readViewChanges,
  reservedNumbers,
  watchView,
} from './evidence.ts'
import type { Fault, FaultContext } from './faults/fault.ts'
import type { CachedKey, FaultWindow, History, Operation, Violation } from './history.ts'
import { watchMachine } from './machine.ts'
import { MISSED, PROBE_USER, type Recovery, recovered, untilHit } from './recovery.ts'
import { type ChaosGateway, type Stack, type StackOptions, startStack } from './stack.ts'
import { READABLE } from './targets.ts'

export interface RunOptions {
  readonly seed: number
  readonly gateways: number
  readonly clients: number
  readonly users: readonly string[]
  /** True = go on with another fault; the last one is finished. */
  readonly more: (workedMs: number, operations: number) => boolean
  /** The next fault to do. */
  readonly nextFault: (random: Random) => Fault
  /** What each client does until `stopped`. */
  readonly work: (client: ChaosClient, random: Random, stopped: () => boolean) => Promise<void>
  readonly onFault?: (recovery: Recovery) => void
  readonly logDirectory?: string
  /** How the servers and gateways differ from those of a plain run. */
  readonly stack?: Pick<StackOptions, 'cluster' | 'env' | 'prepare' | 'redisArgs' | 'redisUser' | 'openFiles'>
  /** Begins something beside the clients, and ends it with what it found wrong. */
  readonly beside?: (stack: Stack, scope: Scope) => Promise<() => Promise<readonly Violation[]>>
  /** The part of the history that the checker judges, when the database was set back in between. */
  readonly judge?: (history: History) => readonly Violation[]
}

export interface RunResult {
  readonly history: History
  readonly violations: readonly Violation[]
  readonly recoveries: readonly Recovery[]
  /** How long the clients worked, milliseconds. */
  readonly workedMs: number
  readonly numbers: { readonly drawn: number; readonly burned: number }
  /** What became of the views after the clients had ended: one text for each change that a look at the cache was repeated for. */
  readonly unrest: readonly string[]
}

/**
 * Looks at a cache that should be quiet. What a fault began may end after it: a replica takes over, and the users of its slots start
 * cold. And the judgement of a long run's jobs keeps this process busy for seconds, with all the proxies between gateways and servers.
 */
const MAX_LOOKS = 10
/** Longest pause between two faults, milliseconds. */
const PAUSE_MS = 400
const SLOTS = 16_384

/** One chaos run: gateways and clients at work, one fault after the other, then the verdict. */
export async function run(scope: Scope, options: RunOptions): Promise<RunResult> {
  const random = new Random(options.seed)
  const names = Array.from({ length: options.clients }, (_, index) => `c${index}`)
  const stack = await startStack(scope, {
    gateways: options.gateways,
    clients: [...names, 'probe'],
    ...options.stack,
    ...(options.logDirectory === undefined ? {} : { logDirectory: options.logDirectory }),
  })
  await watchView(stack)
  const operations: Operation[] = []
  const record = (operation: Operation) => operations.push(operation)
  const [probe, ...clients] = ['probe', ...names].map(name => {
    const urls = stack.gateways.map(({ process }) => process.url)
    const client = new ChaosClient(name, stack.tokens[name]!, urls, record)
    scope.teardown(() => client.close())
    return client
  })
  for (const user of options.users) await probe!.readBundle(0, user)

  const probeUsers = stack.cluster === undefined ? [PROBE_USER] : onEachThird([PROBE_USER, ...options.users])
  const windows: FaultWindow[] = []
  let stopped = false
  const endBeside = await options.beside?.(stack, scope)
  const startedAt = performance.now()
  const working = clients.map(client => options.work(client, new Random(random.int(2 ** 31)), () => stopped))
  const watching = watchMachine(stack, windows, () => stopped)
  const recoveries: Recovery[] = []
  try {
    while (options.more(performance.now() - startedAt, operations.length)) {
      const fault = options.nextFault(random)
      let missed = false
      const context = contextOf({
        ...{ stack, random, windows, fault, record, users: options.users },
        missed: () => {
          missed = true
        },
      })
      await fault.inject(context)
      const recovery = await recovered(
        missed ? `${fault.name}${MISSED}` : fault.name,
        stack.gateways,
        probe!,
        gateway => close(windows, gateway),
        probeUsers,
      )
      recoveries.push(recovery)
      options.onFault?.(recovery)
      await sleep(random.next() * PAUSE_MS)
    }
  } finally {
    stopped = true
    await Promise.all([...working, watching])
  }
  const workedMs = performance.now() - startedAt
  const beside = (await endBeside?.()) ?? []
  const { cachedKeys, stuck, unrest } = await lookWhenQuiet(stack, probe!, options.users)
  const history: History = {
    operations,
    windows,
    stored: await readStored(stack),
    onPeriods: await readOnPeriods(stack),
    cachedKeys,
  }
  const drawn = countNumbers(operations)
  return {
    history,
    violations: [
      ...recoveries.flatMap(({ violations }) => violations),
      ...stuck,
      ...beside,
      ...(options.judge ?? check)(history),
    ],
    recoveries,
    workedMs,
    numbers: { drawn, burned: (await reservedNumbers(stack)) - drawn },
    unrest,
  }
}

function contextOf({
  windows,
  fault,
  ...rest
}: Omit<FaultContext, 'hurt'> & { windows: FaultWindow[]; fault: Fault }): FaultContext {
  return {
    ...rest,
    hurt: (component, gateways) => {
      for (const { index } of gateways) {
        windows.push({
          fault: fault.name,
          component,
          gateway: index,
          start: performance.now(),
          end: Number.POSITIVE_INFINITY,
        })
      }
    },
  }
}

function close(windows: readonly FaultWindow[], { index }: ChaosGateway): void {
  for (const window of windows) {
    if (window.gateway === index && window.end === Number.POSITIVE_INFINITY) window.end = performance.now()
  }
}

/** One user of each third of a cluster's slots, where there is one. */
function onEachThird(users: readonly string[]): string[] {
  const thirds = new Map<number, string>()
  for (const user of users) {
    const third = Math.floor(slotOfUser(user) / (SLOTS / 3))
    if (!thirds.has(third)) thirds.set(third, user)
  }
  return [...thirds.values()]
}

/** Compares the cache with the database while no view changes. */
async function lookWhenQuiet(
  stack: Stack,
  probe: ChaosClient,
  users: readonly string[],
): Promise<{ cachedKeys: CachedKey[]; stuck: Violation[]; unrest: string[] }> {
  const unrest: string[] = []
  let { last } = await readViewChanges(stack, '0')
  for (let looks = 1; ; looks++) {
    await stack.cluster?.untilAgreed()
    const stuck = await settle(stack, probe, users)
    const cachedKeys = await compareCache(stack)
    const changes = await readViewChanges(stack, last)
    if (changes.texts.length === 0) return { cachedKeys, stuck, unrest }
    unrest.push(...changes.texts)
    last = changes.last
    if (looks < MAX_LOOKS) continue
    stuck.push({ rule: 'never-quiet', message: unrest.slice(-6).join('; ') })
    return { cachedKeys, stuck, unrest }
  }
}

/** Reads everything until it is a hit, through one gateway after the other. */
async function settle(stack: Stack, probe: ChaosClient, users: readonly string[]): Promise<Violation[]> {
  const violations: Violation[] = []
  let turn = 0
  for (const user of [...users, PROBE_USER]) {
    for (const target of READABLE) {
      const gateway = turn++ % stack.gateways.length
      if ((await untilHit(probe, gateway, user, target)) !== undefined) continue
      violations.push({ rule: 'never-cached', message: `${user} ${target.route} through gateway ${gateway}` })
    }
  }
  return violations
}
