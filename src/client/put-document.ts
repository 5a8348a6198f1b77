import type { DocumentKind, Documents, Envelope, Patch } from './documents.ts'
import { VersionMismatchError } from './errors.ts'
import type { PutOptions } from './options.ts'
import type { Requests } from './requests.ts'
import { routeOf } from './routes.ts'

/**
 * Stores a part of a document or all of it. With `ifMatch` it is sent again when it got no answer. If the first one
 * had arrived, the second is refused: then the next version with that content counts as ours.
 */
export async function putDocument<K extends DocumentKind>(
  requests: Requests,
  kind: K,
  patch: Patch<Documents[K]>,
  options: PutOptions,
): Promise<Envelope<Documents[K]>> {
  const { ifMatch } = options
  try {
    return await requests.write('PUT', routeOf(kind), {
      body: patch,
      safe: ifMatch !== undefined,
      ...options,
    })
  } catch (error) {
    if (!(error instanceof VersionMismatchError) || !error.afterLostAttempt) throw error
    const { current } = error
    const isNext = String(current?.version) === String(versionAfter(ifMatch))
    if (current === undefined || !isNext || !contains(current.data, patch)) throw error
    return current as Envelope<Documents[K]>
  }
}

function versionAfter(ifMatch: PutOptions['ifMatch']): number {
  return Number(String(ifMatch).replaceAll('"', '')) + 1
}

/** Whether merging `patch` into `value` would change nothing. */
function contains(value: unknown, patch: unknown): boolean {
  if (typeof patch !== 'object' || patch === null) return Object.is(value, patch)
  if (typeof value !== 'object' || value === null || Array.isArray(value) !== Array.isArray(patch))
    return false
  if (Array.isArray(patch) && (value as unknown[]).length !== patch.length) return false
  return Object.entries(patch).every(
    ([name, inner]) => inner === undefined || contains((value as Record<string, unknown>)[name], inner),
  )
}
