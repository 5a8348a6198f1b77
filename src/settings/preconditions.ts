import { joinBody } from '../consistency/joined-body.ts'
import { isKnown, type Versions } from '../consistency/versions.ts'
import { DomainError } from '../errors.ts'
import { bundleOfKinds } from './bundles.ts'
import { envelopeOf, partOf } from './codec.ts'
import type { LiveDocument } from './live-document.ts'
import type { Actor, DocumentAddress, Precondition } from './service.ts'
import { isUnreadable } from './stored-document.ts'

/**
 * VERSION_MISMATCH unless the precondition holds. Call it under the row locks. `versions` is undefined when nothing
 * exists yet; `current` makes what a GET would answer.
 */
export function requirePrecondition(
  { ifMatch, ifNoneMatch }: Precondition,
  versions: Versions | undefined,
  current: () => Buffer | undefined,
): void {
  const holds =
    versions === undefined
      ? ifMatch === undefined
      : (ifMatch === undefined || isKnown(ifMatch, versions)) && !isKnown(ifNoneMatch, versions)
  if (holds) return
  const body = readable(current)
  const detail =
    versions === undefined ? 'there is no current version' : `the current version is ${versions.join('.')}`
  throw new DomainError('VERSION_MISMATCH', detail, {
    details: body === undefined ? {} : { current: body },
  })
}

/** Undefined when the stored document is broken: the problem then names only the version. */
function readable(current: () => Buffer | undefined): Buffer | undefined {
  try {
    return current()
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}

/**
 * The same for documents of one user: the entity tag belongs to the one document or section, or to the bundle of exactly
 * these documents.
 */
export function requireVersions(
  actor: Pick<Actor, 'userId'>,
  documents: readonly Pick<LiveDocument, 'row'>[],
  addresses: readonly DocumentAddress[],
  precondition: Precondition,
): void {
  const versions = documents.map(({ row }) => row.version)
  requirePrecondition(precondition, versions.length === 0 ? undefined : versions, () => {
    const bodies = documents.map(({ row }, index) => envelopeOf(row, partOf(addresses[index]!)))
    if (bodies.length === 1) return bodies[0]
    const bundle = bundleOfKinds(addresses.map(({ kind }) => kind))
    return bundle && joinBody(bundle.around(actor.userId), bodies).body
  })
}

/** The same for all documents that a user has, in the order of DOCUMENTS. */
export function requireVersionsOfUser(
  userId: string,
  rows: readonly LiveDocument['row'][],
  precondition: Precondition,
): void {
  const documents = rows.map(row => ({ row }))
  requireVersions(
    { userId },
    documents,
    rows.map(({ ref }) => ({ kind: ref.kind })),
    precondition,
  )
}
