import type { Decision } from '../../src/consistency/decision.ts'
import type { DocumentRef, Row } from '../../src/consistency/document-rows.ts'
import type { Reader } from '../../src/consistency/read.ts'
import type { ReadResult } from '../../src/consistency/read-outcome.ts'
import type { DocumentPart } from '../../src/consistency/reading.ts'
import { CommitUnknownError, DatabaseUnavailableError } from '../../src/consistency/store-port.ts'
import type { KnownVersions, Versions } from '../../src/consistency/versions.ts'
import { WriteQueueFullError } from '../../src/consistency/write-queue.ts'
import { around, DRAWING_DAY, DRAWING_USERS, dataOf, documentId, valuesIn } from './documents.ts'
import { GatewayGoneError } from './gateway.ts'
import type { World } from './world.ts'

/** A write that gives up because of what it finds, as with If-Match: its answer tells what that is. */
class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

/** What a client may be told instead of an answer: 503, or nothing at all. */
const EXPECTED = [DatabaseUnavailableError, CommitUnknownError, WriteQueueFullError, GatewayGoneError]

/** The clients of one run: each does one thing after the other, through whichever gateway it meets. */
export class Clients {
  operations = 0
  /** Operations that were answered with their result. */
  answered = 0
  readonly #world: World
  /** By the documents of a read. */
  readonly #seen = new Map<string, Versions>()
  #running = 0
  #values = 0

  constructor(world: World) {
    this.#world = world
  }

  get done(): boolean {
    return this.#running === 0
  }

  start(): void {
    const { scenario } = this.#world
    for (let client = 0; client < scenario.clients; client++) void this.#client()
  }

  async #client(): Promise<void> {
    const { scenario, timeline, random } = this.#world
    this.#running++
    while (this.operations < scenario.operations) {
      await timeline.sleep(random.next() * 2 * scenario.thinkMs)
      this.operations++
      await this.#operation()
    }
    this.#running--
  }

  async #operation(): Promise<void> {
    const { random, checker } = this.#world
    const dice = random.next()
    try {
      if (dice >= 0.9) await this.#draw()
      else {
        const { documents } = this.#world
        const refs = documents.length === 1 ? documents[0]! : random.pick(documents)
        if (dice < 0.55) await this.read([random.pick(refs)])
        else if (dice < 0.65) await this.read(refs)
        else if (dice < 0.85) await this.#write([random.pick(refs)])
        else if (dice < 0.87) await this.#write(refs)
        else if (dice < 0.89) await this.#writeNothing(refs)
        else await this.#writeAtOnce(refs)
      }
      this.answered++
    } catch (error) {
      if (!isExpected(error)) checker.violated(`unexpected error: ${error}`)
    }
  }

  async read(refs: readonly DocumentRef[], gateway = this.#world.gateways.pick()): Promise<string> {
    const { checker, random } = this.#world
    const part = random.int(2)
    const wanted = refs.map(ref => ({ ref, part: ref.kind === 'd0' ? part : 0 }))
    const start = checker.readBegins(refs)
    const known = this.#known(refs)
    const result = await gateway.request(() =>
      readAsServed(gateway.of(refs[0]!.userId).protocol.reader, wanted, known),
    )
    checker.readEnds(start, result)
    this.#seen.set(refs.map(documentId).join(), result.versions)
    return result.status
  }

  /** If-None-Match of some reads: any version, or the ones that some client saw last. */
  #known(refs: readonly DocumentRef[]): KnownVersions | undefined {
    const dice = this.#world.random.next()
    const seen = this.#seen.get(refs.map(documentId).join())
    if (dice < 0.05) return '*'
    return dice < 0.15 && seen !== undefined ? [seen] : undefined
  }

  /** Writes of different callers that arrive together: all but the first share a transaction. */
  async #writeAtOnce(refs: readonly DocumentRef[]): Promise<void> {
    const gateway = this.#world.gateways.pick()
    const outcomes = await Promise.allSettled(refs.map(ref => this.#write([ref], gateway)))
    const failures = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason] : []))
    if (failures.length > 0) throw failures.find(error => !isExpected(error)) ?? failures[0]
  }

  async #write(refs: readonly DocumentRef[], gateway = this.#world.gateways.pick()): Promise<void> {
    const { checker } = this.#world
    const meta = { updatedBy: 'client', reason: 'put' }
    const planned = new Map<string, string | null>()
    const decide = (): Decision<void> => ({ result: undefined, changes: this.#plan(refs, planned) })
    const { writer } = gateway.of(refs[0]!.userId).protocol
    const { rows } = await gateway.request(() => writer.write(refs, decide, meta))
    for (const { ref, version } of rows as readonly Row[])
      checker.acknowledged(ref, version, planned.get(documentId(ref)) ?? null)
  }

  /** A write that changes nothing, or gives up: it tells the versions that it found. One that changes nothing may repair its keys. */
  async #writeNothing(refs: readonly DocumentRef[]): Promise<void> {
    const { checker, gateways, random } = this.#world
    const gateway = gateways.pick()
    const isRefused = random.chance(0.5)
    let found: readonly Row[] = []
    const decide = (rows: ReadonlyMap<string, Row>): Decision<void> => {
      found = [...rows.values()]
      if (isRefused) throw new RefusedError()
      return { result: undefined, changes: [] }
    }
    const { writer, reader } = gateway.of(refs[0]!.userId).protocol
    const meta = { updatedBy: 'client', reason: 'put' }
    try {
      await gateway.request(async () => {
        await writer.write(refs, decide, meta)
        await reader.refill(refs[0]!)
      })
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
    }
    for (const row of found) checker.told(row)
  }

  /** Each try of each write has values of its own. */
  #plan(refs: readonly DocumentRef[], planned: Map<string, string | null>) {
    const { random, scenario, name } = this.#world
    const remove = random.chance(scenario.deletions)
    return refs.map(ref => {
      const data = remove ? null : dataOf(`${name}w${++this.#values}`)
      planned.set(documentId(ref), data)
      return { ref, data, changes: '[]' }
    })
  }

  async #draw(): Promise<void> {
    const { random, gateways, sequenceChecker } = this.#world
    const gateway = gateways.pick()
    const day = { userId: random.pick(DRAWING_USERS), day: DRAWING_DAY }
    const count = 1 + random.int(3)
    const start = sequenceChecker.begins(day.userId)
    const drawn = await gateway.request(() => gateway.of(day.userId).counter.draw(day, count, 0))
    if (drawn !== 'settings') sequenceChecker.ends(start, drawn, count)
  }
}

function isExpected(error: unknown): boolean {
  return EXPECTED.some(type => error instanceof type)
}

/** A read as the routes make it: several documents in one body. */
async function readAsServed(
  reader: Reader,
  wanted: readonly DocumentPart[],
  known: KnownVersions | undefined,
): Promise<ReadResult> {
  if (wanted.length === 1) return reader.read(wanted, { known })
  const joined = await reader.read(wanted, { known, around: () => around(wanted.length) })
  const [body] = joined.values ?? []
  return body && joined.values!.length === 1 ? { ...joined, values: valuesIn(body) } : joined
}
