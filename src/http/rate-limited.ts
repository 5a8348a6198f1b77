import { ProblemError } from './problem-error.ts'

/** RATE_LIMITED, with the whole seconds to wait in Retry-After. */
export function rateLimited(waitMs: number): ProblemError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000))
  return new ProblemError('RATE_LIMITED', `try again in ${seconds} s`, {
    headers: { 'retry-after': String(seconds) },
  })
}
