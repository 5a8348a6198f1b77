import { CommitUnknownError, DatabaseUnavailableError } from '../consistency/store-port.ts'
import { WriteQueueFullError } from '../consistency/write-queue.ts'
import { DomainError, type Fault } from '../errors.ts'

/** Codes that say nothing about the change: another try may succeed. */
const TEMPORARY = new Set(['NOT_READY', 'OVERLOADED'])

/**
 * Why a change is refused for good; undefined when another try may succeed, or the error is a fault of the gateway. After a
 * CommitUnknownError the next try finds what became of it: the step is marked by the transaction itself.
 */
export function refusalOf(error: unknown): readonly Fault[] | undefined {
  if (!(error instanceof DomainError) || TEMPORARY.has(error.code)) return undefined
  return error.errors ?? [{ path: '', message: error.message === '' ? error.code : error.message }]
}

/** True when the error says "not now". */
export function isTemporary(error: unknown): boolean {
  return (
    error instanceof DatabaseUnavailableError ||
    error instanceof CommitUnknownError ||
    error instanceof WriteQueueFullError ||
    (error instanceof DomainError && TEMPORARY.has(error.code))
  )
}
