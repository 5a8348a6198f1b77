import { randomUUID } from 'node:crypto'
import { canonicalJson } from '../documents/canonical.ts'
import { readJson } from '../documents/json/read.ts'
import { DomainError, type Fault } from '../errors.ts'
import type { DocumentReads } from '../settings/document-reads.ts'
import { invalid, type Limits, requireSettings, requireSize } from '../settings/edits.ts'
import type {
  Actor,
  DocumentAddress,
  DocumentService,
  FieldChange,
  Precondition,
} from '../settings/service.ts'
import { belowData } from './below-data.ts'
import { isJobId } from './job-id.ts'
import type { Addition, Schedule, ScheduleState, ScheduleStorePort } from './ports.ts'

export interface ScheduleRequest {
  /** RFC 3339. */
  readonly at: string
  /** When it goes back; undefined = never. */
  readonly until?: string | undefined
  /** The patch, unchecked. */
  readonly data: unknown
  readonly note?: string | undefined
}

/** A schedule as callers see it. */
export interface ScheduleAnswer {
  readonly id: string
  readonly document: string
  readonly section?: string
  readonly state: ScheduleState
  readonly at: string
  readonly until?: string
  readonly data: unknown
  readonly note?: string
  readonly created_by: string
  readonly created_at: string
  readonly ended_at?: string
  /** The version that the start made. */
  readonly version?: number
  /** Why a due step was refused. */
  readonly errors?: readonly Fault[]
}

/** What the routes of schedules call. */
export interface ScheduleService {
  /**
   * Checked as a PUT would be now, the precondition included. With If-Match it takes effect only if the document still has
   * that version when it is due. VALIDATION_FAILED, CONFLICT when the user has too many.
   */
  create(
    actor: Actor,
    address: DocumentAddress,
    request: ScheduleRequest,
    precondition: Precondition,
  ): Promise<ScheduleAnswer & { readonly changes: readonly FieldChange[] }>
  list(actor: Actor): Promise<{ readonly schedules: readonly ScheduleAnswer[] }>
  /** What has started stays as it is, and does not go back. SCHEDULE_NOT_FOUND unless it is open. */
  cancel(actor: Actor, id: string): Promise<void>
}

export interface SchedulesDeps {
  readonly store: ScheduleStorePort
  readonly reads: DocumentReads
  readonly documents: DocumentService
  readonly limits: Limits
}

/** Open schedules of a user: each is a row, and a statement's work when it is due. */
const MAX_OPEN = 100
/** `at` and `until` may be so far ahead: a year and a day of planning. */
const HORIZON_DAYS = 366
/** Schedules of one answer: all open ones, and the last ended ones. */
const MAX_LISTED = 200

/** Plans, lists and cancels changes that take effect later. */
export class Schedules implements ScheduleService {
  readonly #deps: SchedulesDeps

  constructor(deps: SchedulesDeps) {
    this.#deps = deps
  }

  async create(
    actor: Actor,
    address: DocumentAddress,
    { at, until, data, note }: ScheduleRequest,
    precondition: Precondition,
  ): Promise<ScheduleAnswer & { readonly changes: readonly FieldChange[] }> {
    const { store, reads, documents, limits } = this.#deps
    const patch = belowData(() => requireSettings(data))
    const times = { at: timeOf('at', at), until: until === undefined ? null : timeOf('until', until) }
    // Before the check: a version that is stored between the two makes the check fail, or the step.
    const [document] = await reads.documents(actor, [address.kind])
    const { changes } = await documents.previewPut(actor, address, patch, precondition)
    const json = canonicalJson(patch)
    requireSize(json, limits)
    const isGuarded = precondition.ifMatch !== undefined && precondition.ifMatch !== '*'
    const schedule = {
      id: randomUUID(),
      userId: actor.userId,
      kind: address.kind,
      section: address.section ?? null,
      data: json,
      ...times,
      note: note ?? null,
      baseVersion: isGuarded ? document!.row.version : null,
      createdBy: actor.caller,
    }
    requireAdded(await store.add(schedule, { open: MAX_OPEN, horizonDays: HORIZON_DAYS }))
    return { ...answerOf({ ...schedule, ...NEW, createdAt: new Date().toISOString() }), changes }
  }

  async list(actor: Actor): Promise<{ readonly schedules: readonly ScheduleAnswer[] }> {
    const { reads, store } = this.#deps
    await reads.requireUser(actor)
    return { schedules: (await store.list(actor.userId, MAX_LISTED)).map(answerOf) }
  }

  async cancel({ userId }: Actor, id: string): Promise<void> {
    if (isJobId(id) && (await this.#deps.store.cancel(userId, id))) return
    throw new DomainError('SCHEDULE_NOT_FOUND', 'the user has no open schedule with this id')
  }
}

const NEW = { state: 'waiting', version: null, faults: null, endedAt: null } as const

function answerOf(schedule: Schedule): ScheduleAnswer {
  const { section, until, note, version, faults, endedAt } = schedule
  return {
    id: schedule.id,
    document: schedule.kind,
    ...(section === null ? {} : { section }),
    state: schedule.state,
    at: schedule.at,
    ...(until === null ? {} : { until }),
    data: readJson(schedule.data),
    ...(note === null ? {} : { note }),
    created_by: schedule.createdBy,
    created_at: schedule.createdAt,
    ...(endedAt === null ? {} : { ended_at: endedAt }),
    ...(version === null ? {} : { version }),
    ...(faults === null ? {} : { errors: faults }),
  }
}

/** The same moment in UTC. VALIDATION_FAILED for a day that does not exist. */
function timeOf(path: string, text: string): string {
  const time = new Date(text)
  if (!Number.isNaN(time.getTime())) return time.toISOString()
  throw invalid([{ path, message: 'must be a time such as 2026-01-06T12:00:00Z' }])
}

function requireAdded(addition: Addition): void {
  if (addition === 'added') return
  if (addition === 'full') {
    throw new DomainError('CONFLICT', `a user may have ${MAX_OPEN} open schedules: cancel one first`)
  }
  throw invalid([TIME_FAULTS[addition]])
}

const TIME_FAULTS: Readonly<Record<Exclude<Addition, 'added' | 'full'>, Fault>> = {
  past: { path: 'at', message: 'must not be in the past, by the clock of the database' },
  far: { path: 'at', message: `and until must be within ${HORIZON_DAYS} days` },
  order: { path: 'until', message: 'must be after at, and in the future' },
}
