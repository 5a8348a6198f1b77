import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { ReadStatus } from '../consistency/read-outcome.ts'
import type { TableSize } from '../retention/ports.ts'
import type { ClusterSource, Telemetry, TelemetrySources } from '../telemetry/telemetry.ts'
import { onAnswered } from './answered.ts'
import { LatencyHistogram } from './latency-histogram.ts'

/** Seconds; a read takes tenths of a millisecond, a write a few. */
const LATENCY_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
type BreakerState = Parameters<Telemetry['breakerChanged']>[0]

const BREAKER_STATES: readonly BreakerState[] = ['closed', 'half-open', 'open']

type Observe = (seconds: number) => void

/** Prometheus metrics of one gateway, in a registry of their own. No label holds a user id. */
export class Metrics implements Telemetry {
  readonly #registry = new Registry()
  readonly #requests = new LatencyHistogram(
    { name: 'http_request_duration_seconds', help: 'Requests by route pattern', bounds: LATENCY_BUCKETS },
    this.#registry,
  )
  /** By route, method, status. */
  readonly #series = new Map<string, Map<string, Map<number, Observe>>>()
  /** Plain numbers, because a prom-client counter hashes its labels at each increment. */
  readonly #reads: Partial<Record<ReadStatus, number>> = {}
  readonly #breakerChanges = this.#counter('redis_breaker_transitions_total', 'Transitions of the breaker', [
    'state',
  ])
  /** `node` only in a cluster: as many values as nodes own partitions at the moment of the scrape, 64 at most. */
  readonly #breaker: Gauge = new Gauge({
    name: 'redis_breaker_state',
    help: '1 for the present state of the breaker, in a cluster of that of each node',
    labelNames: ['state', 'node'],
    registers: [this.#registry],
    collect: () => this.#readBreakers(),
  })
  readonly #nodePartitions: Gauge = new Gauge({
    name: 'redis_node_partitions',
    help: 'Of the 64 partitions of the users, those that a node of a cluster owns',
    labelNames: ['node'],
    registers: [this.#registry],
    collect: () => {
      this.#nodePartitions.reset()
      for (const { address, partitions } of this.#cluster?.nodes() ?? [])
        this.#nodePartitions.labels(address).set(partitions)
    },
  })
  readonly #partitions: Gauge = new Gauge({
    name: 'cache_partitions',
    help: 'Partitions of the users of a cluster: on = this instance answers them from Redis',
    labelNames: ['state'],
    registers: [this.#registry],
    collect: () => {
      if (this.#cluster === undefined) return
      const { total, on } = this.#cluster.partitions()
      this.#partitions.labels('on').set(on)
      this.#partitions.labels('off').set(total - on)
    },
  })
  #cluster: ClusterSource | undefined
  readonly #viewChanges = this.#counter('cache_view_transitions_total', 'Transitions of the view seen here', [
    'mode',
    'reason',
  ])
  readonly #recovery = new Histogram({
    name: 'cache_view_recovery_seconds',
    help: 'From the view seen OFF to ON',
    buckets: [0.5, 1, 2, 3, 5, 10, 30, 60],
    registers: [this.#registry],
  })
  readonly #numbers = this.#counter('sequence_numbers_total', 'Order numbers handed out', ['source'])
  readonly #highNumbers = this.#counter(
    'sequence_users_above_warning_total',
    'Days of users whose order numbers went above SEQUENCE_WARN_ABOVE, as seen here',
    [],
  )
  readonly #retentionSteps = this.#counter('retention_steps_total', 'Steps of the retention', ['task'])
  readonly #retentionRemoved = this.#counter(
    'retention_removed_rows_total',
    'Rows that the retention removed',
    ['task'],
  )
  readonly #tableRows = this.#gauge('stored_rows', 'Rows of the tables that grow, as PostgreSQL estimates', [
    'table',
  ])
  readonly #tableBytes = this.#gauge('stored_bytes', 'Bytes of the tables that grow, indexes included', [
    'table',
  ])
  readonly #jobSteps = this.#counter(
    'job_steps_total',
    'Steps of scheduled changes, and users of bulk changes, by what became of them',
    ['job', 'outcome'],
  )
  readonly #jobLateness = new Histogram({
    name: 'job_lateness_seconds',
    help: 'From when a scheduled change was due to its end',
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 60, 600],
    labelNames: ['job'],
    registers: [this.#registry],
  })
  readonly #openJobs = this.#gauge(
    'jobs_open',
    'Scheduled and bulk changes that are not finished, of all users',
    ['job'],
  )
  readonly #webhookTries = this.#counter(
    'webhook_tries_total',
    'Events sent to WEBHOOK_URL, by what became of the try: taken, refused, failed',
    ['type', 'answer'],
  )
  readonly #webhooksDropped = this.#counter(
    'webhooks_dropped_total',
    'Events that the receiver at WEBHOOK_URL will not hear of',
    ['type', 'cause'],
  )
  readonly #webhookOldest = this.#gauge(
    'webhook_oldest_seconds',
    'Age of the oldest change that WEBHOOK_URL was not told of; 0 on instances that do not tell',
    [],
  )
  readonly #dropped = this.#counter('event_listeners_dropped_total', 'Event streams cut off: too slow', [])

  readonly #connectionsDropped = this.#counter(
    'http_connections_dropped_total',
    'Connections of callers that were closed: too many',
    [],
  )

  constructor() {
    collectDefaultMetrics({ register: this.#registry })
    this.#exposeReads()
    this.#setBreaker({}, 'closed')
  }

  /** Reads of settings since the start. */
  get reads(): Readonly<Partial<Record<ReadStatus, number>>> {
    return this.#reads
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  expose(): Promise<string> {
    return this.#registry.metrics()
  }

  watchConnections(connections: { readonly open: number }): void {
    this.#gaugeOf('http_connections', 'Open connections of callers', () => connections.open)
  }

  watchBytes({ bodies, answers }: Record<'bodies' | 'answers', { readonly bytes: number }>): void {
    this.#gaugeOf(
      'http_bodies_in_flight_bytes',
      'Request bodies being read and processed',
      () => bodies.bytes,
    )
    this.#gaugeOf(
      'http_answers_in_flight_bytes',
      'Large answers that callers have not received yet',
      () => answers.bytes,
    )
  }

  connectionDropped(): void {
    this.#connectionsDropped.inc()
  }

  /** Counts every request that the app answers. */
  watch(app: FastifyInstance): void {
    onAnswered(app, ({ method }, { statusCode }, milliseconds, { url = 'unknown' }) => {
      this.requestAnswered(method, url, statusCode, milliseconds)
    })
  }

  /** Counts one request; `route` is the route's pattern. */
  requestAnswered(method: string, route: string, status: number, milliseconds: number): void {
    // Nested maps, because the texts of a route are the same objects each time: no key is built or hashed per request.
    const byMethod = this.#series.get(route) ?? new Map<string, Map<number, Observe>>()
    if (byMethod.size === 0) this.#series.set(route, byMethod)
    const byStatus = byMethod.get(method) ?? new Map<number, Observe>()
    if (byStatus.size === 0) byMethod.set(method, byStatus)
    let observe = byStatus.get(status)
    if (observe === undefined) {
      observe = this.#requests.series({ method, route, status: String(status) })
      byStatus.set(status, observe)
    }
    observe(milliseconds / 1_000)
  }

  readAnswered(status: ReadStatus): void {
    this.#reads[status] = (this.#reads[status] ?? 0) + 1
  }

  breakerChanged(state: BreakerState, error?: unknown, node?: string): void {
    // Without an error it opens again after a failed probe, which is no transition.
    if (state !== 'open' || error !== undefined) this.#breakerChanges.labels(state).inc()
    // Those of nodes are read at each scrape, because nodes come and go.
    if (node === undefined) this.#setBreaker({}, state)
  }

  viewOff(reason: string): void {
    this.#viewChanges.labels('off', reason).inc()
  }

  viewOn(recoveryMs: number): void {
    this.#viewChanges.labels('on', 'gate').inc()
    this.#recovery.observe(recoveryMs / 1_000)
  }

  sequenceDrawn(source: 'redis' | 'database', count: number): void {
    this.#numbers.labels(source).inc(count)
  }

  sequenceHigh(): void {
    this.#highNumbers.inc()
  }

  retentionStepped(task: string, removed: number): void {
    this.#retentionSteps.labels(task).inc()
    this.#retentionRemoved.labels(task).inc(removed)
  }

  tablesMeasured(sizes: readonly TableSize[]): void {
    this.#tableRows.reset()
    this.#tableBytes.reset()
    for (const { table, rows, bytes } of sizes) {
      this.#tableRows.labels(table).set(rows)
      this.#tableBytes.labels(table).set(bytes)
    }
  }

  jobStepDone(job: string, outcome: string, latenessMs: number | undefined): void {
    this.#jobSteps.labels(job, outcome).inc()
    if (latenessMs !== undefined) this.#jobLateness.labels(job).observe(latenessMs / 1_000)
  }

  openJobsCounted(job: string, count: number): void {
    this.#openJobs.labels(job).set(count)
  }

  webhookTried(type: string, answer: string): void {
    this.#webhookTries.labels(type, answer).inc()
  }

  webhookDropped(type: string, cause: string): void {
    this.#webhooksDropped.labels(type, cause).inc()
  }

  webhookOldest(ageMs: number): void {
    this.#webhookOldest.set(ageMs / 1_000)
  }

  listenerDropped(): void {
    this.#dropped.inc()
  }

  observe({ view, pool, listeners, cluster }: TelemetrySources): void {
    this.#cluster = cluster
    this.#gaugeOf(
      'cache_view_on',
      '1 while the view of all instances is ON, as the last renewal read it',
      () => Number(view().view?.mode === 'ON'),
    )
    const reason: Gauge = new Gauge({
      name: 'cache_view_off_reason',
      help: '1 for the reason why the view is OFF; no series while it is ON',
      labelNames: ['reason'],
      registers: [this.#registry],
      collect: () => {
        const present = view().view
        reason.reset()
        if (present?.mode === 'OFF') reason.labels(present.reason).set(1)
      },
    })
    this.#gaugeOf('cache_view_epoch', 'Epoch of the view', () => view().view?.epoch ?? 0)
    this.#gaugeOf('cache_lease_held', '1 while this instance answers from Redis: cache.mode of /health', () =>
      Number(view().leaseHeld),
    )
    this.#gaugeOf('database_reached', '1 when the last renewal reached PostgreSQL', () =>
      Number(view().databaseReached),
    )
    this.#gaugeOf('database_pool_connections', 'Connections to PostgreSQL', () => pool().total)
    this.#gaugeOf('database_pool_idle', 'Idle connections to PostgreSQL', () => pool().idle)
    this.#gaugeOf('database_pool_waiting', 'Requests that wait for a connection', () => pool().waiting)
    this.#gaugeOf('event_listeners', 'Open event streams', listeners)
  }

  #readBreakers(): void {
    if (this.#cluster === undefined) return
    this.#breaker.reset()
    for (const { address: node, breaker } of this.#cluster.nodes()) this.#setBreaker({ node }, breaker.state)
  }

  #setBreaker(node: { readonly node?: string }, state: BreakerState): void {
    for (const each of BREAKER_STATES)
      this.#breaker.labels({ state: each, ...node }).set(Number(each === state))
  }

  /** A gauge whose value is read at each scrape. */
  #gaugeOf(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect: () => gauge.set(read()),
    })
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }

  #gauge(name: string, help: string, labelNames: string[]): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] })
  }

  #exposeReads(): void {
    const counter: Counter = new Counter({
      name: 'settings_reads_total',
      help: 'Reads of settings by how they were answered',
      labelNames: ['status'],
      registers: [this.#registry],
      collect: () => {
        counter.reset()
        for (const [status, count] of Object.entries(this.#reads)) counter.labels(status).inc(count)
      },
    })
  }
}
