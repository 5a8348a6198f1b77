import { type Counter, type Gauge, Histogram } from 'prom-client'
import type { ClusterSource, Telemetry, TelemetrySources } from '../../telemetry/telemetry.ts'
import type { Instruments } from './instruments.ts'

type BreakerState = Parameters<Telemetry['breakerChanged']>[0]

const BREAKER_STATES: readonly BreakerState[] = ['closed', 'half-open', 'open']

/** Redis, the nodes of a cluster, and the view. */
export class CacheMetrics {
  readonly #make: Instruments
  readonly #breaker: Gauge
  readonly #breakerChanges: Counter
  readonly #viewChanges: Counter
  readonly #recovery: Histogram
  #cluster: ClusterSource | undefined

  constructor(make: Instruments) {
    this.#make = make
    this.#breakerChanges = make.counter('redis_breaker_transitions_total', 'Transitions of the breaker', [
      'state',
    ])
    // `node` only in a cluster: as many values as nodes own partitions at the moment of the scrape, 64 at most.
    this.#breaker = make.scraped(
      'redis_breaker_state',
      '1 for the present state of the breaker, in a cluster of that of each node',
      ['state', 'node'],
      () => this.#readBreakers(),
    )
    this.#setBreaker({}, 'closed')
    make.scraped(
      'redis_node_partitions',
      'Of the 64 partitions of the users, those that a node of a cluster owns',
      ['node'],
      gauge => {
        gauge.reset()
        for (const { address, partitions } of this.#cluster?.nodes() ?? [])
          gauge.labels(address).set(partitions)
      },
    )
    make.scraped(
      'cache_partitions',
      'Partitions of the users of a cluster: on = this instance answers them from Redis',
      ['state'],
      gauge => {
        if (this.#cluster === undefined) return
        const { total, on } = this.#cluster.partitions()
        gauge.labels('on').set(on)
        gauge.labels('off').set(total - on)
      },
    )
    this.#viewChanges = make.counter('cache_view_transitions_total', 'Transitions of the view seen here', [
      'mode',
      'reason',
    ])
    this.#recovery = new Histogram({
      name: 'cache_view_recovery_seconds',
      help: 'From the view seen OFF to ON',
      buckets: [0.5, 1, 2, 3, 5, 10, 30, 60],
      registers: [make.registry],
    })
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

  observe({ view, cluster }: Pick<TelemetrySources, 'view' | 'cluster'>): void {
    this.#cluster = cluster
    this.#make.gaugeOf(
      'cache_view_on',
      '1 while the view of all instances is ON, as the last renewal read it',
      () => Number(view().view?.mode === 'ON'),
    )
    this.#make.scraped(
      'cache_view_off_reason',
      '1 for the reason why the view is OFF; no series while it is ON',
      ['reason'],
      gauge => {
        const present = view().view
        gauge.reset()
        if (present?.mode === 'OFF') gauge.labels(present.reason).set(1)
      },
    )
    this.#make.gaugeOf('cache_view_epoch', 'Epoch of the view', () => view().view?.epoch ?? 0)
    this.#make.gaugeOf(
      'cache_lease_held',
      '1 while this instance answers from Redis: cache.mode of /health',
      () => Number(view().leaseHeld),
    )
    this.#make.gaugeOf('database_reached', '1 when the last renewal reached PostgreSQL', () =>
      Number(view().databaseReached),
    )
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
}
