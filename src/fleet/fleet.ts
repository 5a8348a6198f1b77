import { DatabaseUnavailableError } from '../consistency/store-port.ts'
import { pause } from '../pause.ts'
import { within } from '../within.ts'
import type { Instance } from './instance.ts'
import type { FleetStorePort, SeenInstance, VitalsPort } from './ports.ts'

export interface FleetDeps {
  readonly instance: Instance
  readonly store: FleetStorePort
  readonly vitals: VitalsPort
  readonly ready: () => boolean
  /** The end of the process waits so long for its row to go; a row that stays goes with the retention. */
  readonly removeMs: number
  readonly onFailed: (error: unknown) => void
}

/** One small statement that waits for no disk: nothing beside what the renewals of the lease cost. */
const BEAT_MS = 5_000
/** Three beats that failed or were late, and the longest wait of a fourth. */
const ALIVE_MS = 20_000
/** More instances than one PostgreSQL has connections for. A crash of each start adds one that is never renewed. */
const MOST = 200

/** A listed instance; without PostgreSQL only the one that was asked, which nothing has seen then. */
export interface ListedInstance extends Omit<SeenInstance, 'seenAt' | 'seenMsAgo'> {
  readonly self: boolean
  readonly seenAt: string | null
  readonly seenMsAgo: number | null
}

export interface FleetList {
  /** `self`: PostgreSQL is away, so the others are not known. */
  readonly source: 'database' | 'self'
  readonly instances: readonly ListedInstance[]
}

export interface FleetService {
  list(): Promise<FleetList>
  /** Renews the row of this instance now. Never rejects. */
  beat(): Promise<void>
}

/** The instances of one database, each by a row that it renews every 5 s and removes when it ends. */
export class Fleet implements FleetService {
  readonly #deps: FleetDeps
  readonly #end = new AbortController()
  #loop: Promise<void> | undefined
  /** The beat that was asked for last. */
  #beat = Promise.resolve()

  constructor(deps: FleetDeps) {
    this.#deps = deps
  }

  /** Begins, once. */
  start(): void {
    this.#loop ??= this.#run()
  }

  /** Ends the beats and removes the row, within `removeMs`. Never rejects. */
  async stop(): Promise<void> {
    this.#end.abort()
    this.#deps.vitals.stop()
    if (this.#loop === undefined) return
    const removed = this.#remove(this.#loop)
    await this.#attempt(() => within(this.#deps.removeMs, removed, tooLate))
  }

  async list(): Promise<FleetList> {
    const { ready, store, instance } = this.#deps
    if (ready()) {
      try {
        const all = await store.list(ALIVE_MS, MOST)
        return {
          source: 'database',
          instances: all.map(each => ({ ...each, self: each.id === instance.id })),
        }
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError)) throw error
      }
    }
    const own = { ...instance.report(), startedAt: instance.startedAt }
    return { source: 'self', instances: [{ ...own, self: true, alive: true, seenAt: null, seenMsAgo: null }] }
  }

  /** One at a time: a report that is stored late would take the place of a newer one. */
  beat(): Promise<void> {
    this.#beat = this.#beat.then(() => this.#renew())
    return this.#beat
  }

  async #renew(): Promise<void> {
    const { instance, store, vitals } = this.#deps
    if (this.#end.signal.aborted) return
    await this.#attempt(() => store.renew(instance.report(), MOST))
    vitals.next()
  }

  /** Behind the last beat, which would bring the row back. */
  async #remove(loop: Promise<void>): Promise<void> {
    await loop
    await this.#beat
    await this.#deps.store.remove(this.#deps.instance.id)
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      await this.beat()
      // Aborted: the end.
      await pause(BEAT_MS, this.#end.signal)
    }
  }

  /** The renewals of the lease tell of an outage; the next beat is the retry. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError)) this.#deps.onFailed(error)
    }
  }
}

function tooLate(): Error {
  return new DatabaseUnavailableError('the database does not answer')
}
