import type { FastifyBaseLogger } from 'fastify'
import type { ObserverPort } from '../consistency/ports.ts'
import type { View } from '../consistency/views.ts'
import type { Telemetry } from './telemetry.ts'
import { ViewHistory } from './view-history.ts'

export interface PartitionObserversDeps {
  readonly log: FastifyBaseLogger
  readonly telemetry: Telemetry
  /** The duties of all partitions are the same, and so are the steps. */
  readonly shared: Pick<ObserverPort, 'step' | 'failed'>
  readonly partitions: number
}

/** Transitions of views of one kind that came within GATHER_MS. */
interface Gathering {
  readonly mode: View['mode']
  readonly reason: string
  partitions: number
  /** The longest. */
  recoveryMs: number
}

/** What happens to a node happens to all its partitions: one line of the log, one transition of the metrics. */
const GATHER_MS = 1_000
const ELSEWHERE = 'by another instance'

/** Observers of the views of partitions, which are one node's or all of them at once. */
export class PartitionObservers {
  readonly #deps: PartitionObserversDeps
  readonly #gathered = new Map<string, Gathering>()
  #timer: NodeJS.Timeout | undefined

  constructor(deps: PartitionObserversDeps) {
    this.#deps = deps
  }

  /** The observer of one partition. */
  make(): ObserverPort {
    const { shared } = this.#deps
    const history = new ViewHistory()
    return {
      step: name => shared.step(name),
      failed: (duty, error) => shared.failed(duty, error),
      viewOff: (reason, epoch) => {
        if (history.moves('OFF', epoch)) this.#gather('OFF', reason, 0)
      },
      viewOn: (epoch, recoveryMs) => {
        if (history.moves('ON', epoch)) this.#gather('ON', 'the cache was emptied', recoveryMs)
      },
      viewSeen: ({ mode, epoch, reason }) => {
        const { isKnown, sinceOffMs } = history
        if (!history.moves(mode, epoch) || !isKnown) return
        this.#gather(mode, mode === 'OFF' ? reason : ELSEWHERE, sinceOffMs)
      },
    }
  }

  /** Tells what is gathered, at once. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const gathering of this.#gathered.values()) this.#tell(gathering)
    this.#gathered.clear()
  }

  #gather(mode: View['mode'], reason: string, recoveryMs: number): void {
    const key = `${mode} ${reason}`
    const gathering = this.#gathered.get(key) ?? { mode, reason, partitions: 0, recoveryMs: 0 }
    gathering.partitions++
    gathering.recoveryMs = Math.max(gathering.recoveryMs, recoveryMs)
    this.#gathered.set(key, gathering)
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS).unref()
  }

  #tell({ mode, reason, partitions, recoveryMs }: Gathering): void {
    const { log, telemetry, partitions: all } = this.#deps
    const which = `${partitions} of ${all} partitions`
    if (mode === 'OFF') {
      log.warn(
        { reason, partitions },
        `the cache was turned OFF for ${which}: the settings of their users are answered from PostgreSQL`,
      )
      telemetry.viewOff(reason)
    } else {
      log.info(
        { partitions, recoveryMs: Math.round(recoveryMs), how: reason },
        `the cache was turned ON for ${which}`,
      )
      telemetry.viewOn(recoveryMs, `${reason} (${which})`)
    }
  }
}
