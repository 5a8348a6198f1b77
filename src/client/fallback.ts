import { ProblemError, UnreachableError } from './errors.ts'
import { confirmedNow, LastKnown } from './last-known.ts'
import { LastKnownFile } from './last-known-file.ts'
import type { FallbackOptions } from './options.ts'

/** An answer of the gateway to a read of settings. */
export interface FreshAnswer {
  readonly etag: string
  /** Its text; asked for only when it is not kept already. */
  readonly body: () => string
  /** The gateway itself could not confirm it. */
  readonly unverified: boolean
}

/** The statuses of a proxy whose gateway is away, and of a gateway that can answer settings from nowhere. */
const AWAY = new Set([502, 503, 504])

/** What reads of settings are answered with while the gateway cannot be reached. */
export class Fallback {
  readonly #known: LastKnown
  readonly #file: LastKnownFile | undefined

  constructor(options: FallbackOptions) {
    const { onError = warnOnce() } = options
    this.#known = new LastKnown(options)
    if (!('file' in options)) return
    this.#file = new LastKnownFile(options.file, this.#known, onError)
    void this.#file.load()
  }

  /** Changes with every write: what was read before it must not be remembered after it. */
  get writes(): number {
    return this.#known.writes
  }

  /** `writes` is that of the moment before the read. */
  remember(owner: string, path: string, { etag, body, unverified }: FreshAnswer, writes: number): void {
    if (writes !== this.writes) return
    const known = this.#known.get(owner, path)
    // An unconfirmed answer is no newer than what is known.
    if (unverified && known !== undefined) return
    const isSame = known?.etag === etag
    this.#known.set(owner, path, { etag, body: isSame ? known.body : body(), confirmed: confirmedNow() })
    this.#file?.changed({ urgent: !isSame })
  }

  /** Undefined when nothing is known, it is too old, or `error` is an answer of the gateway. */
  async find(
    owner: string,
    path: string,
    error: unknown,
  ): Promise<{ readonly etag: string; readonly body: string; readonly ageMs: number } | undefined> {
    if (!isAway(error)) return undefined
    await this.#file?.load()
    const found = this.#known.find(owner, path)
    return found && { etag: found.known.etag, body: found.known.body, ageMs: found.ageMs }
  }

  /** After a write of the owner's settings. */
  async forget(owner: string): Promise<void> {
    // Else the file would bring it back.
    await this.#file?.load()
    this.#known.forget(owner)
    this.#file?.changed({ urgent: true })
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }
}

/** Every write of the file may fail: one warning is enough. */
function warnOnce(): (error: unknown) => void {
  let warned = false
  return error => {
    if (!warned) process.emitWarning(`the last known settings are not kept in their file: ${error}`)
    warned = true
  }
}

/** A time limit of the caller's own (AbortSignal.timeout) counts like ours; a signal that was aborted does not. */
function isAway(error: unknown): boolean {
  if (error instanceof UnreachableError) return true
  if (error instanceof ProblemError) return AWAY.has(error.status)
  return error instanceof DOMException && error.name === 'TimeoutError'
}
