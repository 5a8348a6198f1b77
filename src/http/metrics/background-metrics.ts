import { Histogram } from 'prom-client'
import type { OpenJobs } from '../../jobs/ports.ts'
import type { TableSize } from '../../retention/ports.ts'
import type { Instruments } from './instruments.ts'

/** What runs by itself: the retention, scheduled and bulk changes, webhooks. */
export class BackgroundMetrics {
  readonly #retentionSteps
  readonly #retentionRemoved
  readonly #tableRows
  readonly #tableBytes
  readonly #jobSteps
  readonly #jobLateness
  readonly #openJobs
  readonly #scheduleOverdue
  readonly #webhookTries
  readonly #webhooksDropped
  readonly #webhookOldest

  constructor(make: Instruments) {
    this.#retentionSteps = make.counter('retention_steps_total', 'Steps of the retention', ['task'])
    this.#retentionRemoved = make.counter('retention_removed_rows_total', 'Rows that the retention removed', [
      'task',
    ])
    this.#tableRows = make.gauge('stored_rows', 'Rows of the tables that grow, as PostgreSQL estimates', [
      'table',
    ])
    this.#tableBytes = make.gauge('stored_bytes', 'Bytes of the tables that grow, indexes included', [
      'table',
    ])
    this.#jobSteps = make.counter(
      'job_steps_total',
      'Steps of scheduled changes, and users of bulk changes, by what became of them',
      ['job', 'outcome'],
    )
    this.#jobLateness = new Histogram({
      name: 'job_lateness_seconds',
      help: 'From when a scheduled change was due to its end',
      buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 60, 600],
      labelNames: ['job'],
      registers: [make.registry],
    })
    this.#openJobs = make.gauge(
      'jobs_open',
      'Scheduled and bulk changes that are not finished, of all users',
      ['job'],
    )
    this.#scheduleOverdue = make.gauge(
      'schedule_overdue_seconds',
      'How long the first scheduled change that is due has waited; 0 when none is due',
    )
    this.#webhookTries = make.counter(
      'webhook_tries_total',
      'Events sent to WEBHOOK_URL, by what became of the try: taken, refused, failed',
      ['type', 'answer'],
    )
    this.#webhooksDropped = make.counter(
      'webhooks_dropped_total',
      'Events that the receiver at WEBHOOK_URL will not hear of',
      ['type', 'cause'],
    )
    this.#webhookOldest = make.gauge(
      'webhook_oldest_seconds',
      'Age of the oldest change that WEBHOOK_URL was not told of; 0 on instances that do not tell',
    )
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

  openJobsCounted({ schedule, bulk, overdueMs }: OpenJobs): void {
    this.#openJobs.labels('schedule').set(schedule)
    this.#openJobs.labels('bulk').set(bulk)
    this.#scheduleOverdue.set(overdueMs / 1_000)
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
}
