import { refId } from '../consistency/batch-reader.ts'
import type { Writer } from '../consistency/write.ts'
import type { UserService } from './admin-service.ts'
import { refsOfUser } from './document-refs.ts'
import { requireVersionsOfUser } from './preconditions.ts'
import { isLive, type Provisioning, userNotFound } from './provisioning.ts'
import type { Precondition } from './service.ts'

export interface UsersDeps {
  readonly writer: Pick<Writer, 'write'>
  readonly provisioning: Provisioning
  /** Removes the user's entries elsewhere (exchange cache); best effort. */
  readonly forget: (userId: string) => Promise<void>
}

/** Creates and deletes users. */
export class Users implements UserService {
  readonly #deps: UsersDeps

  constructor(deps: UsersDeps) {
    this.#deps = deps
  }

  createUser(caller: string, userId: string, precondition?: Precondition): Promise<boolean> {
    return this.#deps.provisioning.create(userId, caller, precondition)
  }

  async deleteUser(caller: string, userId: string, precondition: Precondition = {}): Promise<void> {
    const refs = refsOfUser(userId)
    await this.#deps.writer.write(
      refs,
      rows => {
        const live = refs.map(ref => rows.get(refId(ref))).filter(isLive)
        if (live.length === 0) throw userNotFound(userId)
        requireVersionsOfUser(userId, live, precondition)
        return { changes: live.map(({ ref }) => ({ ref, data: null, changes: '[]' })), result: undefined }
      },
      { updatedBy: caller, reason: 'delete' },
    )
    await this.#deps.forget(userId)
  }
}
