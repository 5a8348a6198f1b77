import { readJson } from '../documents/json/read.ts'
import type { JsonObject } from '../documents/json.ts'
import { DomainError, type Fault } from '../errors.ts'
import type { AdminDefaultsCache } from '../settings/admin-defaults-cache.ts'
import type { DocumentWrites } from '../settings/document-writes.ts'
import { type Limits, mergePatch, plan } from '../settings/edits.ts'
import type { LiveDocument } from '../settings/live-document.ts'
import type { DueStep, JobsObserverPort, ScheduleStorePort, StepOutcome } from './ports.ts'
import { isTemporary, refusalOf } from './refusal.ts'
import { changesIn, restore } from './restore.ts'

export interface ScheduleStepsDeps {
  readonly store: ScheduleStorePort
  readonly writes: DocumentWrites
  readonly defaults: AdminDefaultsCache
  readonly limits: Limits
  readonly observer: JobsObserverPort
}

/** After a failure that may pass. The database may be away for long; its own errors end the wait of others. */
const RETRY_MS = 1_000
/** A step that fails so often for reasons that are no refusal is a fault of the gateway: it must not be tried for ever. */
const MAX_ATTEMPTS = 20

/** Carries out due steps of schedules, each an ordinary write of its document that marks the step in its own transaction. */
export class ScheduleSteps {
  readonly #deps: ScheduleStepsDeps

  constructor(deps: ScheduleStepsDeps) {
    this.#deps = deps
  }

  /** Never rejects. A step that fails is due again. */
  async run(due: DueStep): Promise<void> {
    const startedAt = performance.now()
    try {
      const outcome = await this.#carryOut(due)
      if (outcome !== undefined) {
        const latenessMs = due.latenessMs + performance.now() - startedAt
        this.#deps.observer.stepDone('schedule', outcome, latenessMs)
      }
    } catch (error) {
      this.#deps.observer.failed(error)
      await this.#deps.store.release(due.id, RETRY_MS).catch(() => {})
    }
  }

  /** Undefined = another instance did it, or it is to be tried again. */
  async #carryOut(due: DueStep): Promise<StepOutcome | undefined> {
    const { store, observer } = this.#deps
    try {
      if (await this.#write(due)) return 'done'
      return (await store.pass(due.id, due.step)) ? 'unchanged' : undefined
    } catch (error) {
      const faults = refusalOf(error) ?? (await this.#givesUp(due, error))
      if (faults === undefined) return undefined
      const refused = await this.#refuse(due, faults)
      if (refused) observer.refused('schedule', due.id, faults)
      return refused ? 'refused' : undefined
    }
  }

  /** False when it changes nothing. */
  async #write(due: DueStep): Promise<boolean> {
    const { writes, defaults: cache, limits } = this.#deps
    const defaults = cache.forWrite()
    const decide = ([document]: readonly LiveDocument[]) => {
      const { changes } = plan(document!, { kind: due.kind }, nextOf(due, document!), defaults.data, limits)
      return { changes, result: changes.length > 0 }
    }
    const reason = `schedule:${due.id}:${due.step}`
    const { result } = await writes.write(actorOf(due), [due.kind], reason, decide, defaults.prepare)
    return result
  }

  /** After an error that is no refusal: undefined when the step was done by another instance, or is to be tried again. */
  async #givesUp(due: DueStep, error: unknown): Promise<readonly Fault[] | undefined> {
    const { store, observer } = this.#deps
    if (!(await store.isOpen(due.id, due.step))) return undefined
    if (!isTemporary(error)) {
      observer.failed(error)
      if (due.attempts >= MAX_ATTEMPTS) return [{ path: '', message: 'the gateway could not carry it out' }]
    }
    await store.release(due.id, RETRY_MS)
    return undefined
  }

  /**
   * Leaves a line in the history and an event: a new version with the same content. False when another instance was
   * faster.
   */
  async #refuse(due: DueStep, faults: readonly Fault[]): Promise<boolean> {
    const { store, writes } = this.#deps
    await store.noteFaults(due.id, faults)
    const step = `refuse-${due.step}` as const
    const decide = ([document]: readonly LiveDocument[]) => {
      const { ref, data } = document!.row
      return { changes: [{ ref, data, changes: '[]' }], result: undefined }
    }
    try {
      await writes.write(actorOf(due), [due.kind], `schedule:${due.id}:${step}`, decide)
      return true
    } catch (error) {
      // Without a document there is no history.
      if (error instanceof DomainError && error.code === 'USER_NOT_FOUND')
        return await store.pass(due.id, step)
      if (isTemporary(error) || (await store.isOpen(due.id, due.step))) throw error
      return false
    }
  }
}

/** A schedule creates no user. */
function actorOf({ userId, createdBy }: DueStep) {
  return { userId, caller: createdBy, isLooking: true }
}

/** The document after the step. VERSION_MISMATCH when the start depends on a version that is no longer current. */
function nextOf(due: DueStep, document: LiveDocument): JsonObject {
  const { version } = document.row
  if (due.step === 'end') return restore(document.data, changesIn(due.changes))
  if (due.baseVersion !== null && due.baseVersion !== version) {
    throw new DomainError(
      'VERSION_MISMATCH',
      `the document was to have version ${due.baseVersion} (If-Match), and has ${version}`,
    )
  }
  const address = { kind: due.kind, ...(due.section === null ? {} : { section: due.section }) }
  return mergePatch(document, address, readJson(due.data) as JsonObject)
}
