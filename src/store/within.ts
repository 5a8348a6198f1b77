import { DatabaseUnavailableError } from '../consistency/ports.ts'

/** Rejects with DatabaseUnavailableError after `ms`; the work goes on, and whatever becomes of it is dropped. */
export function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new DatabaseUnavailableError(`the database did not answer within ${ms} ms`)),
      ms,
    )
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
