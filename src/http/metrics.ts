import type { FastifyInstance } from 'fastify'
import { Counter } from 'prom-client'
import type { ReadStatus } from '../consistency/read-outcome.ts'
import type { Telemetry, TelemetrySources } from '../telemetry/telemetry.ts'
import { BackgroundMetrics } from './metrics/background-metrics.ts'
import { CacheMetrics } from './metrics/cache-metrics.ts'
import { Instruments } from './metrics/instruments.ts'
import { RequestMetrics } from './metrics/request-metrics.ts'

/** Prometheus metrics of one gateway, in a registry of their own. No label holds a user id. */
export class Metrics implements Telemetry {
  readonly #make = new Instruments()
  readonly #requests = new RequestMetrics(this.#make)
  readonly #cache = new CacheMetrics(this.#make)
  readonly #background = new BackgroundMetrics(this.#make)
  /** Plain numbers, because a prom-client counter hashes its labels at each increment. */
  readonly #reads: Partial<Record<ReadStatus, number>> = {}
  readonly #numbers = this.#make.counter('sequence_numbers_total', 'Order numbers handed out', ['source'])
  readonly #highNumbers = this.#make.counter(
    'sequence_users_above_warning_total',
    'Days of users whose order numbers went above SEQUENCE_WARN_ABOVE, as seen here',
  )
  readonly #dropped = this.#make.counter('event_listeners_dropped_total', 'Event streams cut off: too slow')
  readonly #connectionsDropped = this.#make.counter(
    'http_connections_dropped_total',
    'Connections of callers that were closed: too many',
  )

  readonly breakerChanged: Telemetry['breakerChanged'] = (...change) => this.#cache.breakerChanged(...change)
  readonly viewOff: Telemetry['viewOff'] = reason => this.#cache.viewOff(reason)
  readonly viewOn: Telemetry['viewOn'] = recoveryMs => this.#cache.viewOn(recoveryMs)
  readonly retentionStepped: Telemetry['retentionStepped'] = (...step) =>
    this.#background.retentionStepped(...step)
  readonly tablesMeasured: Telemetry['tablesMeasured'] = sizes => this.#background.tablesMeasured(sizes)
  readonly jobStepDone: Telemetry['jobStepDone'] = (...step) => this.#background.jobStepDone(...step)
  readonly openJobsCounted: Telemetry['openJobsCounted'] = open => this.#background.openJobsCounted(open)
  readonly webhookTried: Telemetry['webhookTried'] = (...outcome) => this.#background.webhookTried(...outcome)
  readonly webhookDropped: Telemetry['webhookDropped'] = (...event) =>
    this.#background.webhookDropped(...event)
  readonly webhookOldest: Telemetry['webhookOldest'] = ageMs => this.#background.webhookOldest(ageMs)

  constructor() {
    const counter: Counter = new Counter({
      name: 'settings_reads_total',
      help: 'Reads of settings by how they were answered',
      labelNames: ['status'],
      registers: [this.#make.registry],
      collect: () => {
        counter.reset()
        for (const [status, count] of Object.entries(this.#reads)) counter.labels(status).inc(count)
      },
    })
  }

  /** Reads of settings since the start. */
  get reads(): Readonly<Partial<Record<ReadStatus, number>>> {
    return this.#reads
  }

  get contentType(): string {
    return this.#make.registry.contentType
  }

  expose(): Promise<string> {
    return this.#make.registry.metrics()
  }

  /** Counts every request that the app answers. */
  watch(app: FastifyInstance): void {
    this.#requests.watch(app)
  }

  /** Counts one request; `route` is the route's pattern. */
  requestAnswered(method: string, route: string, status: number, milliseconds: number): void {
    this.#requests.answered(method, route, status, milliseconds)
  }

  watchConnections(connections: { readonly open: number }): void {
    this.#make.gaugeOf('http_connections', 'Open connections of callers', () => connections.open)
  }

  watchBytes({ bodies, answers }: Record<'bodies' | 'answers', { readonly bytes: number }>): void {
    this.#make.gaugeOf(
      'http_bodies_in_flight_bytes',
      'Request bodies being read and processed',
      () => bodies.bytes,
    )
    this.#make.gaugeOf(
      'http_answers_in_flight_bytes',
      'Large answers that callers have not received yet',
      () => answers.bytes,
    )
  }

  connectionDropped(): void {
    this.#connectionsDropped.inc()
  }

  readAnswered(status: ReadStatus): void {
    this.#reads[status] = (this.#reads[status] ?? 0) + 1
  }

  sequenceDrawn(source: 'redis' | 'database', count: number): void {
    this.#numbers.labels(source).inc(count)
  }

  sequenceHigh(): void {
    this.#highNumbers.inc()
  }

  listenerDropped(): void {
    this.#dropped.inc()
  }

  observe({ view, pool, listeners, cluster }: TelemetrySources): void {
    this.#cache.observe({ view, cluster })
    this.#make.gaugeOf('database_pool_connections', 'Connections to PostgreSQL', () => pool().total)
    this.#make.gaugeOf('database_pool_idle', 'Idle connections to PostgreSQL', () => pool().idle)
    this.#make.gaugeOf('database_pool_waiting', 'Requests that wait for a connection', () => pool().waiting)
    this.#make.gaugeOf('event_listeners', 'Open event streams', listeners)
  }
}
