import type { DocumentKind, Documents, Envelope, Patch } from './documents.ts'
import { VersionMismatchError } from './errors.ts'
import type { UpdateOptions } from './options.ts'
import { putDocument } from './put-document.ts'
import type { Requests } from './requests.ts'
import { routeOf } from './routes.ts'

/** Reads, changes, and stores if no other caller was faster; else all of it again. */
export async function updateDocument<K extends DocumentKind>(
  requests: Requests,
  kind: K,
  change: (current: Documents[K]) => Patch<Documents[K]>,
  { attempts = 5, ...options }: UpdateOptions,
): Promise<Envelope<Documents[K]>> {
  const reading = await requests.read<Envelope<Documents[K]>>(routeOf(kind), options)
  let current = reading.value
  for (let attempt = 1; ; attempt++) {
    try {
      const patch = change(current.data)
      return await putDocument(requests, kind, patch, { ifMatch: current.version, ...options })
    } catch (error) {
      if (!(error instanceof VersionMismatchError) || attempt >= attempts) throw error
      // The own change may be in it already: changing it again could do it twice.
      if (error.afterLostAttempt || error.current === undefined) throw error
      current = error.current as Envelope<Documents[K]>
    }
  }
}
