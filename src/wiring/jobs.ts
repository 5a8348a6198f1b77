import { BulkChanges } from '../jobs/bulk-changes.ts'
import { BulkRunner } from '../jobs/bulk-runner.ts'
import { BulkSteps } from '../jobs/bulk-steps.ts'
import { JobRunner } from '../jobs/runner.ts'
import { ScheduleSteps } from '../jobs/schedule-steps.ts'
import { Schedules } from '../jobs/schedules.ts'
import { Retention } from '../retention/retention.ts'
import { PostgresBulkChanges } from '../store/postgres-bulk-changes.ts'
import { PostgresJobs } from '../store/postgres-jobs.ts'
import { PostgresRetention } from '../store/postgres-retention.ts'
import { PostgresSchedules } from '../store/postgres-schedules.ts'
import { SYSTEM_CLOCK } from '../system-clock.ts'
import { JobsObserver } from '../telemetry/jobs-observer.ts'
import { RetentionObserver } from '../telemetry/retention-observer.ts'
import type { Foundation } from './foundation.ts'
import type { SettingsParts } from './settings.ts'

/** What runs by itself: scheduled and bulk changes, and the retention. */
export function wireJobs(
  { config, log, telemetry, observer, pool, availability }: Foundation,
  { reads, writes, documents, defaults, limits }: SettingsParts,
) {
  const jobsObserver = new JobsObserver(log, telemetry, observer)
  const scheduleStore = new PostgresSchedules(pool, availability)
  const bulkStore = new PostgresBulkChanges(pool, availability)
  return {
    runner: new JobRunner({
      store: new PostgresJobs(pool, availability),
      schedules: scheduleStore,
      steps: new ScheduleSteps({ store: scheduleStore, writes, defaults, limits, observer: jobsObserver }),
      bulk: new BulkRunner({
        store: bulkStore,
        steps: new BulkSteps({ writes, defaults, limits }),
        observer: jobsObserver,
        holder: SYSTEM_CLOCK.nonce(),
      }),
      observer: jobsObserver,
    }),
    bulk: new BulkChanges({ store: bulkStore, defaults }),
    schedules: new Schedules({ store: scheduleStore, reads, documents, limits }),
    retention: new Retention({
      store: new PostgresRetention(pool, availability),
      clock: SYSTEM_CLOCK,
      observer: new RetentionObserver(telemetry, observer),
      limits: config.settings.history,
    }),
  }
}
