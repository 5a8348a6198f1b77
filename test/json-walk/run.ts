import { fork } from 'node:child_process'
import { commandLine } from '../../src/commands/command-line.ts'
import { startSharedPostgres } from '../helper/backends.ts'
import { startStack } from '../helper/gateway.ts'
import { WALK_ENVIRONMENT, type WalkCounts, walk } from './walk.ts'

/**
 * `npm run json-walk -- --texts 1000000 --seed 1 --workers 2`: the test of walk.test.ts with any number of texts. Each
 * worker is a process with a gateway, a database and a Redis of its own.
 */

const { values } = commandLine({
  command: 'npm run json-walk --',
  summary:
    'Sends JSON texts through PUT, Redis, PostgreSQL, history and rollback; ends with 1 when one comes back changed.',
  options: {
    texts: { type: 'string', value: 'N', default: '1000000', minimum: 1, help: 'How many texts.' },
    seed: {
      type: 'string',
      value: 'N',
      minimum: 0,
      help: 'Repeats a walk; another one each time if not given.',
    },
    workers: {
      type: 'string',
      value: 'N',
      default: '2',
      minimum: 1,
      help: 'Processes, each with stores of its own.',
    },
  },
})
const PROGRESS_MS = 10_000

if (process.send !== undefined) {
  await work(Number(values.texts), Number(values.seed))
} else {
  await runWorkers(Number(values.texts), Number(values.seed ?? Date.now() % 1e9), Number(values.workers))
}

/** One process of several: tells its parent how far it is, and ends. */
async function work(texts: number, seed: number): Promise<void> {
  const teardowns: (() => unknown)[] = []
  try {
    const { gateway } = await startStack({ teardown: work => teardowns.unshift(work) }, WALK_ENVIRONMENT)
    const tell = (counts: WalkCounts) => process.send!(counts)
    tell(await walk(gateway, { texts, seed, onProgress: tell }))
  } finally {
    for (const teardown of teardowns) await teardown()
    process.disconnect()
  }
}

async function runWorkers(texts: number, seed: number, workers: number): Promise<void> {
  const postgres = await startSharedPostgres()
  const startedAt = performance.now()
  const counts = new Map<number, WalkCounts>()
  const print = () => process.stdout.write(`${summary([...counts.values()], startedAt)}\n`)
  const timer = setInterval(print, PROGRESS_MS)
  try {
    const run = async (worker: number) => {
      const share = Math.floor(((worker + 1) * texts) / workers) - Math.floor((worker * texts) / workers)
      const args = ['--texts', String(share), '--seed', String(seed + worker * texts)]
      const child = fork(import.meta.filename, args, {
        env: { ...process.env, TEST_POSTGRES_URL: postgres.url },
      })
      child.on('message', message => counts.set(worker, message as WalkCounts))
      const code = await new Promise(resolve => child.once('exit', resolve))
      if (code !== 0) throw new Error(`worker ${worker} ended with ${code}`)
    }
    await Promise.all(Array.from({ length: workers }, (_, worker) => run(worker)))
  } finally {
    clearInterval(timer)
    await postgres.stop()
  }
  print()
  const mismatches = [...counts.values()].flatMap(each => each.mismatches)
  for (const mismatch of mismatches) process.stdout.write(`${mismatch}\n`)
  process.stdout.write(
    `seed ${seed}: ${mismatches.length === 0 ? 'no mismatch' : `${mismatches.length} MISMATCHES`}\n`,
  )
  process.exitCode = mismatches.length === 0 ? 0 : 1
}

function summary(all: readonly WalkCounts[], startedAt: number): string {
  const sum = (count: (each: WalkCounts) => number) => all.reduce((total, each) => total + count(each), 0)
  const seconds = (performance.now() - startedAt) / 1_000
  const sent = sum(each => each.sent)
  const refused = (reason: keyof WalkCounts['refused']) => sum(each => each.refused[reason])
  return [
    `${sent} texts in ${seconds.toFixed(0)} s (${Math.round(sent / seconds)}/s)`,
    `${sum(each => each.stored)} stored and read back from PUT, Redis, database, history and rollback`,
    `refused: ${refused('twice')} a name twice, ${refused('content')} numbers, NUL, halves of pairs, __proto__, ${refused('note')} notes`,
    `${sum(each => each.mismatches.length)} mismatches`,
  ].join('; ')
}
