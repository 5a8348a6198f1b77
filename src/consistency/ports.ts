import type { DocumentRef, Row } from './document-rows.ts'
import type { View } from './views.ts'

/**
 * The ports of the protocol but for its stores (store-port.ts, cache-port.ts). Production implements them with the clocks of the
 * process; the simulation with a seeded scheduler. Names are those of docs/consistency.md.
 */

export interface ClockPort {
  /** Monotonic, milliseconds. */
  now(): number
  /** Wall clock, milliseconds since 1970. */
  wall(): number
  sleep(ms: number): Promise<void>
  /** Resolves in the next turn of the event loop, when what has arrived by now was handled. */
  turn(): Promise<void>
  /** In [0, 1). */
  random(): number
  /** A nonce no other fence carries: 16 hex digits. */
  nonce(): string
}

/** How documents become keys and bytes. */
export interface CodecPort {
  /** The Redis keys of a document, the whole first, then its sections. */
  keys(ref: DocumentRef): readonly string[]
  /** The key of the view: what is stored beside it is of the database that it names. */
  readonly viewKey: string
  /** A key whose value grows with each fence and put of a document of the user. */
  stampKey(userId: string): string
  /** A key that is there for some minutes after documents of the user were deleted. */
  tombstoneKey(userId: string): string
  /** The bytes for each of `keys(row.ref)`. The row is not deleted. */
  encode(row: Row): readonly Buffer[]
}

/** Events for metrics and logs; chaos runs stop the process at its steps. */
export interface ObserverPort {
  /** A step with a name was reached (`write.fenced`, `gate.adopted`, ...). Awaited, so that a fault can be injected. */
  step(name: string): void | Promise<void>
  viewOff(reason: string, epoch: number): void
  viewOn(epoch: number, recoveryMs: number, fenced: number | 'cold'): void
  /** The view as a renewal read it; any instance may have changed it. */
  viewSeen(view: View): void
  /** A background duty failed and will be tried again. */
  failed(duty: string, error: unknown): void
}

/** The times of docs/consistency.md, all in milliseconds. */
export interface ProtocolTimes {
  readonly leaseMs: number
  readonly renewMs: number
  readonly offWaitMs: number
  /** For each of the two tries. */
  readonly fenceTimeoutMs: number
}
