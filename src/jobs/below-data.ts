import { DomainError } from '../errors.ts'
import { invalid } from '../settings/edits.ts'

/** Does a check of a patch; its faults get the paths that they have in a body with the patch under `data`. */
export function belowData<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof DomainError) || error.errors === undefined) throw error
    throw invalid(
      error.errors.map(({ path, message }) => ({ path: path === '' ? 'data' : `data.${path}`, message })),
    )
  }
}
