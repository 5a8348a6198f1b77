import type { FastifyBaseLogger } from 'fastify'

/** The machine or the process has run out of something: files, memory, space, buffers. What met it has failed; the rest is sound. */
const EXHAUSTED: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOSPC',
  'EDQUOT',
  'ENOMEM',
  'ENOBUFS',
  'EAGAIN',
])
const LOG_EVERY_MS = 60_000

/**
 * Handles an error that no other part handled. After one that says that something has run out the process goes on, with
 * a line a minute: the next instance would meet the same. Any other means that the state of the process is unknown: `end` is called, once, and a second error ends the process at once.
 */
export function handleUnhandled(log: Pick<FastifyBaseLogger, 'error' | 'fatal'>, end: () => void): void {
  let loggedAt = Number.NEGATIVE_INFINITY
  let ending = false
  const handle = (err: unknown) => {
    if (isExhaustion(err)) {
      const now = performance.now()
      if (now - loggedAt < LOG_EVERY_MS) return
      loggedAt = now
      log.error({ err }, 'something has run out: what needed it failed, the gateway goes on')
      return
    }
    log.fatal({ err }, 'the gateway ends after an error that no part of it handled')
    if (ending) process.exit(1)
    ending = true
    end()
  }
  process.on('uncaughtException', handle)
  process.on('unhandledRejection', handle)
}

function isExhaustion(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && EXHAUSTED.has(code)
}
