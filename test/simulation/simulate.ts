import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { commandLine } from '../../src/commands/command-line.ts'
import { add, findWrongAnswer, hunt, type Tally } from './campaign.ts'
import { RULES } from './rules.ts'
import type { CampaignOrder } from './simulate-worker.ts'
import { walk } from './walk.ts'

/**
 * `npm run simulate -- --seconds 60 --seed 1`: runs seeds from `--seed` on, under all rules, until the time is over or
 * `--seeds` are done; then switches off each rule in turn until the checker reports a wrong answer (`--no-rules`: not).
 * Exit code 1 when an answer was wrong with all rules on, or when no answer was wrong without a rule.
 *
 * `--cluster`: the gateways use a Redis Cluster, whose slots move all the time.
 *
 * `--workers` threads (default: one per core). One seed again: `--seed N --seeds 1`, and with one rule off `--rule NAME`.
 */

/** Longest search for one rule. */
const RULE_MS = 60_000
const SHOWN_FAILURES = 20

const { values } = commandLine({
  command: 'npm run simulate --',
  summary: [
    'Walks the cache protocol through random orders of events. Ends with 1 when an answer was wrong with all rules on,',
    'or when no answer was wrong with a rule switched off (--rule).',
  ].join('\n'),
  negative: true,
  options: {
    seconds: { type: 'string', value: 'N', default: '60', minimum: 0, help: 'Longest time of the walk.' },
    seed: { type: 'string', value: 'N', default: '1', minimum: 0, help: 'The first seed.' },
    seeds: { type: 'string', value: 'N', minimum: 1, help: 'How many seeds at most.' },
    workers: {
      type: 'string',
      value: 'N',
      default: String(availableParallelism()),
      minimum: 1,
      help: 'Threads.',
    },
    cluster: { type: 'boolean', help: 'Walk through gateways with a Redis Cluster.' },
    rules: { type: 'boolean', help: 'Then switch off each rule in turn; --no-rules does not.' },
    rule: { type: 'string', value: 'NAME', help: 'Only this rule; with --seeds 1, that seed without it.' },
  },
})
const seconds = number('seconds', values.seconds)
const seed = number('seed', values.seed)
const workers = number('workers', values.workers)
const seeds = values.seeds === undefined ? Number.MAX_SAFE_INTEGER : number('seeds', values.seeds)

if (values.rule !== undefined && seeds === 1) process.exitCode = await replay(values.rule)
else {
  const right = values.rule !== undefined || (await mainWalk())
  const wantsRules = values.rules ?? seeds !== 1
  const caught = !wantsRules || (await ruleTable(RULES.filter(({ name }) => name === (values.rule ?? name))))
  process.exitCode = right && caught ? 0 : 1
}

async function mainWalk(): Promise<boolean> {
  const threads = Math.min(Math.max(1, workers), seeds)
  const startedAt = performance.now()
  const tally: Tally = { seeds: 0, operations: 0, answered: 0, faults: new Map(), failed: [] }
  const share = Array.from({ length: threads }, (_, thread) => ({
    from: seed + thread,
    step: threads,
    seeds: Math.ceil((seeds - thread) / threads),
    ms: seconds * 1_000,
    focus: values.cluster ? ('cluster' as const) : undefined,
  }))
  for (const part of await Promise.all(share.map(runInThread))) add(tally, part)
  const took = (performance.now() - startedAt) / 1_000
  const last = seed + tally.seeds - 1
  say(`operations: ${tally.operations} (${tally.answered} answered with a result) in ${took.toFixed(1)} s`)
  say(`seeds: ${tally.seeds} (${seed} to about ${last})`)
  say('faults:')
  for (const [name, count] of [...tally.faults].sort()) say(`  ${name}: ${count}`)
  say(`violations: ${tally.failed.length}`)
  for (const failure of tally.failed.slice(0, SHOWN_FAILURES)) {
    say(`  seed ${failure.seed}: ${failure.violations[0]}`)
    say(
      `    again: npm run simulate -- ${values.cluster ? '--cluster ' : ''}--seed ${failure.seed} --seeds 1`,
    )
  }
  return tally.failed.length === 0
}

function runInThread(order: CampaignOrder): Promise<Tally> {
  return new Promise((resolve, reject) => {
    new Worker(new URL('./simulate-worker.ts', import.meta.url), { workerData: order })
      .once('message', resolve)
      .once('error', reject)
  })
}

async function ruleTable(rules: readonly (typeof RULES)[number][]): Promise<boolean> {
  say('\nEach rule switched off († = marked so in docs/consistency.md):')
  say('| rule | says | seeds until caught | seed | what the checker saw |')
  say('|---|---|---|---|---|')
  let all = true
  for (const rule of rules) {
    const until = performance.now() + RULE_MS
    const caught = await hunt(rule, seed, () => performance.now() > until)
    all &&= caught.seed !== undefined
    const found = caught.seed === undefined ? 'NOT CAUGHT' : String(caught.seeds)
    say(
      `| ${rule.name}${rule.dagger ? ' †' : ''} | ${rule.says} | ${found} | ${caught.seed ?? ''} | ${caught.violation} |`,
    )
  }
  return all
}

/** One seed with one rule off. The exit code: 0 = a wrong answer, as it should be. */
async function replay(name: string): Promise<number> {
  const rule = RULES.find(each => each.name === name)
  if (rule === undefined)
    throw new Error(`no such rule; there are ${RULES.map(each => each.name).join(', ')}`)
  const { violations } = await walk(seed, rule.off, rule.focus)
  for (const violation of violations) say(violation)
  if (findWrongAnswer(violations) !== undefined) return 0
  say(`seed ${seed} without ${name}: no wrong answer`)
  return 1
}

function number(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} must be a whole number`)
  return value
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
