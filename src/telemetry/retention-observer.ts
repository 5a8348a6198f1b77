import type { ObserverPort } from '../consistency/ports.ts'
import type { RetentionObserverPort, RetentionTask, TableSize } from '../retention/ports.ts'
import type { Telemetry } from './telemetry.ts'

type Counts = Pick<Telemetry, 'retentionStepped' | 'tablesMeasured'>

/** Counts what retention does; its failures are logged like those of the other background duties. */
export class RetentionObserver implements RetentionObserverPort {
  readonly #telemetry: Counts
  readonly #observer: Pick<ObserverPort, 'failed'>

  constructor(telemetry: Counts, observer: Pick<ObserverPort, 'failed'>) {
    this.#telemetry = telemetry
    this.#observer = observer
  }

  stepped(task: RetentionTask, removed: number): void {
    this.#telemetry.retentionStepped(task, removed)
  }

  measured(sizes: readonly TableSize[]): void {
    this.#telemetry.tablesMeasured(sizes)
  }

  yielded(): void {
    this.#telemetry.tablesMeasured([])
  }

  failed(error: unknown): void {
    this.#observer.failed('retention', error)
  }
}
