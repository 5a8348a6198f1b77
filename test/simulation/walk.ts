import type { DocumentRef } from '../../src/consistency/document-rows.ts'
import { headOf } from '../../src/consistency/stored-bytes.ts'
import { type Build, SOUND } from './build.ts'
import { Clients } from './clients.ts'
import { documentId, SIM_CODEC } from './documents.ts'
import type { AnyFocus } from './draw-scenario.ts'
import { World } from './world.ts'

export interface WalkResult {
  readonly seed: number
  readonly operations: number
  readonly answered: number
  readonly faults: ReadonlyMap<string, number>
  readonly violations: readonly string[]
}

/** Operations of one seed. */
export const OPERATIONS = 100
/** Virtual time within which everything must be well after the last fault. */
const RECOVERY_MS = 30_000
/** Reads of every document through every gateway, until all are hits. */
const SETTLING_ROUNDS = 10
/** Virtual time that no run of the clients needs. */
const STUCK_MS = 600_000

/** One run: warm up, let clients work under faults, heal, and look whether the cache has become right. */
export async function walk(seed: number, build: Build = SOUND, focus?: AnyFocus): Promise<WalkResult> {
  const world = new World(seed, build, OPERATIONS, focus)
  const clients = new Clients(world)
  const { timeline, checker } = world
  await timeline.run(RECOVERY_MS, () => isOn(world))
  world.disturb()
  const all = world.other === undefined ? [clients] : [clients, new Clients(world.other)]
  for (const each of all) each.start()
  const done = () => all.every(each => each.done)
  await timeline.run(timeline.now + STUCK_MS, () => done() || world.violations.length > 0)
  if (world.violations.length === 0) {
    if (!done()) checker.violated('a request was never answered')
    await settle(world, clients)
  }
  world.count('message lost', world.network.lost)
  world.count('message late', world.network.held)
  world.count('message repeated', world.network.repeated)
  world.count('gateway stopped after a message', world.network.stopped)
  return {
    seed,
    operations: clients.operations,
    answered: clients.answered,
    faults: world.faults,
    violations: world.violations,
  }
}

function isOn({ gateways, postgres, network, redis, cluster }: World): boolean {
  // A lease on a former primary, or on one that has restarted, may outlast it.
  const isOfOwner = (id: number) => {
    const owner = id === 0 ? redis.primary.identity : cluster?.keysOf(id - 1)?.identity
    return owner === undefined || postgres.viewOf(id).identity?.runId === owner.runId
  }
  return (
    network.underWay === 0 &&
    gateways.all.every(({ process, parts }) => {
      const uses = ({ store, protocol }: (typeof parts)[number]) =>
        postgres.viewOf(store.viewId).mode === 'ON' &&
        isOfOwner(store.viewId) &&
        !store.availability.down &&
        protocol.lease.current() !== undefined
      return process.running && parts.every(uses)
    })
  )
}

/** When all is quiet the view is ON, every live document is a hit, the cache equals the database, and deleted documents have no keys. */
async function settle(world: World, clients: Clients): Promise<void> {
  const { timeline, checker, gateways, refs, postgres } = world
  world.heal()
  /** Reads that were hits. When much is under way a reply may be later than a read waits, so not all need to be hits at once. */
  const hits = new Set<string>()
  for (let round = 0; round < SETTLING_ROUNDS; round++) {
    await timeline.run(timeline.now + RECOVERY_MS, () => isOn(world))
    if (!isOn(world)) return checker.violated('the cache is not used again after all faults have ended')
    const isLive = (ref: DocumentRef) => postgres.row(documentId(ref))?.data != null
    const readsOf = (some: readonly DocumentRef[]) =>
      gateways.all.flatMap((gateway, index) =>
        some.map(ref => ({ id: `${index} ${documentId(ref)}`, status: clients.read([ref], gateway) })),
      )
    // Reads of deleted documents take away what a gateway that was killed has left there.
    for (const { status } of readsOf(refs.filter(ref => !isLive(ref)))) void status.catch(() => {})
    const reads = readsOf(refs.filter(isLive))
    let answered = 0
    for (const { id, status } of reads)
      void status
        .then(how => how === 'hit' && hits.add(id))
        .catch(() => {})
        .finally(() => answered++)
    await timeline.run(timeline.now + RECOVERY_MS, () => answered === reads.length)
    // Repairs go on beside the reads.
    await timeline.run(timeline.now + 2 * world.build.times.renewMs)
    // An edit by hand that waited for a lock may have been committed only now (seed 106051): it is not quiet yet.
    if (!reads.every(({ id }) => hits.has(id)) || !isOn(world)) continue
    const differing = differences(world).filter(({ ref, version }) => !checker.isExempt(ref, version))
    // The key of a whole that was deleted is missed only by those who read more than a section.
    const wrong = differing.filter(
      ({ stored }) => stored !== undefined && headOf(Buffer.from(stored)).type !== 'fence',
    )
    for (const { key, stored, expected } of wrong)
      checker.violated(`when all is quiet ${key} holds ${stored}, the database ${expected}`)
    if (differing.length === wrong.length) return
    // The last words of a gateway that was killed reached Redis behind these reads: the next ones take the fence away.
  }
  checker.violated('the documents are not hits again after all faults have ended')
}

/** Keys that hold anything else than their row: nothing when it is deleted. */
function differences(world: World) {
  const { refs, postgres } = world
  return refs.flatMap(ref => {
    const row = postgres.row(documentId(ref))
    if (row === undefined) return []
    const bytes = row.data === null ? [] : SIM_CODEC.encode(row).map(String)
    return SIM_CODEC.keys(ref)
      .map((key, part) => ({
        ref,
        version: row.version,
        key,
        stored: world.keysOf(ref.userId).get(key),
        expected: bytes[part],
      }))
      .filter(({ stored, expected }) => stored !== expected)
  })
}
