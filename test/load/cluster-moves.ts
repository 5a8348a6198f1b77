import { commandLine } from '../../src/commands/command-line.ts'
import { type Measured, startMeasuring } from './cluster/measure.ts'
import { machineLoad, say } from './report.ts'
import { withScope } from './scope.ts'

/**
 * `npm run cluster-moves -- --slots 1000`: what users of a Redis Cluster see while slots move, and when a primary dies;
 * exit code 1 when users whose slots stay lose hits, or those that moved are no hits again in time.
 */

/** What is promised: hits of the users that nothing happens to, and the time until the others are hits again. */
const LEAST_HITS = 0.99
const HITS_AGAIN_MS = 5_000

const { values } = commandLine({
  command: 'npm run cluster-moves --',
  summary: 'Moves slots of a private Redis Cluster, and kills a primary, while users are read.',
  options: {
    slots: { type: 'string', value: 'N', default: '1000', minimum: 1, help: 'Slots to move.' },
    speed: { type: 'string', value: 'N', default: '100', minimum: 1, help: 'Slots per second.' },
    users: { type: 'string', value: 'N', default: '256', minimum: 1, help: 'Users.' },
    rate: { type: 'string', value: 'N', default: '500', minimum: 1, help: 'Reads per second.' },
    gateways: { type: 'string', value: 'N', default: '2', minimum: 1, help: 'Instances.' },
  },
})
let kept = true
await withScope(async scope => {
  say(machineLoad())
  const measure = await startMeasuring(scope, {
    gateways: Number(values.gateways),
    users: Number(values.users),
    rate: Number(values.rate),
    slots: Number(values.slots),
    slotsPerSecond: Number(values.speed),
    nodeTimeoutMs: 2_000,
  })
  tell(`${values.slots} slots moved`, await measure.moves())
  tell('a dead primary has a successor', await measure.failover())
})
process.exitCode = kept ? 0 : 1

function tell(what: string, measured: Measured): void {
  const { changedUsers, otherUsers, hitShareOfOthers, hitsAgainMs, reads, failed, tookMs } = measured
  const longest = hitsAgainMs.at(-1) ?? 0
  const middle = hitsAgainMs[Math.floor(hitsAgainMs.length / 2)] ?? 0
  say(`${what} after ${(tookMs / 1_000).toFixed(1)} s; ${reads} reads, ${failed} failed`)
  say(`  hits of the ${otherUsers} users elsewhere meanwhile: ${(hitShareOfOthers * 100).toFixed(2)} %`)
  say(
    `  ${changedUsers} users are hits again after: median ${middle.toFixed(0)} ms, longest ${longest.toFixed(0)} ms`,
  )
  if (failed > 0 || hitShareOfOthers < LEAST_HITS || longest > HITS_AGAIN_MS) kept = false
}
