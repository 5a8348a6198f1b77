import type { Pool } from 'pg'
import type { Fault } from '../errors.ts'
import type {
  Addition,
  DueStep,
  NewSchedule,
  RefusalStep,
  Schedule,
  ScheduleLimits,
  ScheduleStep,
  ScheduleStorePort,
} from '../jobs/ports.ts'
import type { Availability } from './availability.ts'
import {
  addSchedule,
  cancelSchedule,
  claimDueSchedules,
  noteScheduleFaults,
  passScheduleStep,
  releaseSchedule,
  renewSchedules,
  selectScheduleState,
  selectSchedules,
} from './statements/schedules.ts'

/** The ScheduleStorePort over the `schedules` table. */
export class PostgresSchedules implements ScheduleStorePort {
  readonly #pool: Pool
  readonly #availability: Availability

  constructor(pool: Pool, availability: Availability) {
    this.#pool = pool
    this.#availability = availability
  }

  add(schedule: NewSchedule, limits: ScheduleLimits): Promise<Addition> {
    return this.#availability.query(() => addSchedule(this.#pool, schedule, limits))
  }

  list(userId: string, limit: number): Promise<readonly Schedule[]> {
    return this.#availability.query(() => selectSchedules(this.#pool, userId, limit))
  }

  cancel(userId: string, id: string): Promise<boolean> {
    return this.#availability.query(() => cancelSchedule(this.#pool, userId, id))
  }

  claim(limit: number, leaseMs: number): Promise<readonly DueStep[]> {
    return this.#availability.query(() => claimDueSchedules(this.#pool, limit, leaseMs))
  }

  renew(ids: readonly string[], leaseMs: number): Promise<void> {
    return this.#availability.query(() => renewSchedules(this.#pool, ids, leaseMs))
  }

  pass(id: string, step: ScheduleStep | RefusalStep): Promise<boolean> {
    return this.#availability.query(() => passScheduleStep(this.#pool, id, step))
  }

  noteFaults(id: string, faults: readonly Fault[]): Promise<void> {
    return this.#availability.query(() => noteScheduleFaults(this.#pool, id, faults))
  }

  release(id: string, pauseMs: number): Promise<void> {
    return this.#availability.query(() => releaseSchedule(this.#pool, id, pauseMs))
  }

  async isOpen(id: string, step: ScheduleStep): Promise<boolean> {
    const state = await this.#availability.query(() => selectScheduleState(this.#pool, id))
    return state === (step === 'start' ? 'waiting' : 'active')
  }
}
