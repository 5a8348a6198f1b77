import { refId } from '../consistency/batch-reader.ts'
import type { Row } from '../consistency/document-rows.ts'
import type { Writer } from '../consistency/write.ts'
import { defaultContent } from '../documents/defaults.ts'
import { DomainError } from '../errors.ts'
import type { AdminDefaultsCache } from './admin-defaults-cache.ts'
import { refsOfUser } from './document-refs.ts'
import { requireVersionsOfUser } from './preconditions.ts'
import type { Actor, Precondition } from './service.ts'

export interface ProvisioningDeps {
  readonly writer: Pick<Writer, 'write'>
  readonly defaults: AdminDefaultsCache
  /** AUTO_PROVISION. */
  readonly autoProvision: boolean
}

/** A user exists when this document does. */
export const ROOT_KIND = 'settings'

/** Creates users, and documents that an older gateway did not know, from the admin defaults. */
export class Provisioning {
  readonly #deps: ProvisioningDeps

  constructor(deps: ProvisioningDeps) {
    this.#deps = deps
  }

  /** On first access. USER_NOT_FOUND when the user does not exist and this access may not create one. */
  async onAccess({ userId, caller, isLooking = false }: Actor): Promise<void> {
    await this.#fill(userId, caller, this.#deps.autoProvision && !isLooking)
  }

  /** False when the user existed already. One transaction. */
  create(userId: string, caller: string, precondition?: Precondition): Promise<boolean> {
    return this.#fill(userId, caller, true, precondition)
  }

  async #fill(
    userId: string,
    caller: string,
    mayCreate: boolean,
    precondition: Precondition = {},
  ): Promise<boolean> {
    const defaults = this.#deps.defaults.forWrite()
    const refs = refsOfUser(userId)
    const { result } = await this.#deps.writer.write(
      refs,
      rows => {
        const created = !isLive(rows.get(refId({ userId, kind: ROOT_KIND })))
        if (created && !mayCreate) throw userNotFound(userId)
        requireVersionsOfUser(userId, refs.map(ref => rows.get(refId(ref))).filter(isLive), precondition)
        const missing = refs.filter(ref => !isLive(rows.get(refId(ref))))
        const changes = missing.map(ref => ({
          ref,
          data: defaultContent(defaults.data, ref.kind),
          changes: '[]',
        }))
        return { changes, result: created }
      },
      { updatedBy: caller, reason: 'provision' },
      defaults.prepare,
    )
    return result
  }
}

export function isLive(row: Row | undefined): row is Row & { data: string } {
  return row !== undefined && row.data !== null
}

export function userNotFound(userId: string): DomainError {
  return new DomainError('USER_NOT_FOUND', `the user ${userId} does not exist`)
}
