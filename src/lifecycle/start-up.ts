import type { FastifyBaseLogger } from 'fastify'
import { DatabaseUnavailableError } from '../consistency/store-port.ts'
import type { Supervisor } from '../consistency/supervisor.ts'

export interface StartUpDeps {
  readonly migrate: () => Promise<unknown>
  readonly supervisor: Pick<Supervisor, 'start'>
  readonly loadDefaults: () => Promise<void>
  /** Work that begins when all else is done. */
  readonly background: readonly { start(): void }[]
  /** False when the database answers, and refuses the request. */
  readonly isAway: (error: unknown) => boolean
  /** An error in words for operators. */
  readonly words: (error: unknown) => string
  readonly log: FastifyBaseLogger
}

const FIRST_RETRY_MS = 250
const MAX_RETRY_MS = 5_000

/** Migrates, begins the renewals, loads the defaults; goes on trying while the database is away. */
export class StartUp {
  readonly #deps: StartUpDeps
  #done = false
  #stopped = false
  #problem: string | undefined = 'starting'
  #retry: Promise<void> = Promise.resolve()
  #wake: () => void = () => {}

  constructor(deps: StartUpDeps) {
    this.#deps = deps
  }

  get done(): boolean {
    return this.#done
  }

  /** Why it is not done. */
  get problem(): string | undefined {
    return this.#problem
  }

  /**
   * Resolves when all is done, or when the database turned out to be away: it goes on by itself then. Rejects when
   * trying again is pointless: faulty defaults, a database that is too old or too new.
   */
  async begin(): Promise<void> {
    try {
      await this.#try()
    } catch (error) {
      if (!isTemporary(error)) throw error
      this.#retry = this.#keepTrying(error)
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake()
    await this.#retry
  }

  async #try(): Promise<void> {
    await this.#deps.migrate()
    this.#deps.supervisor.start()
    await this.#deps.loadDefaults()
    for (const each of this.#deps.background) each.start()
    this.#done = true
    this.#problem = undefined
  }

  /** Tries until the start is complete: operators can mend faults meanwhile. Each new problem is one line of the log. */
  async #keepTrying(first: unknown): Promise<void> {
    this.#note(first)
    for (let pause = FIRST_RETRY_MS; !this.#stopped; pause = Math.min(MAX_RETRY_MS, pause * 2)) {
      await this.#pause(pause)
      if (this.#stopped) return
      try {
        await this.#try()
        this.#deps.log.info('the database is reachable: the start is complete')
        return
      } catch (error) {
        this.#note(error)
      }
    }
  }

  #note(error: unknown): void {
    const away = isTemporary(error) && this.#deps.isAway(error)
    const problem = away
      ? 'the database was not reachable at the start'
      : this.#deps.words(error).split('\n').join(' ')
    if (problem === this.#problem) return
    this.#problem = problem
    const { log, words } = this.#deps
    if (away) log.error({ reason: words(error) }, `${problem}, trying again`)
    else log.fatal({ reason: problem }, 'the start fails, trying again')
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function isTemporary(error: unknown): boolean {
  return error instanceof DatabaseUnavailableError
}
