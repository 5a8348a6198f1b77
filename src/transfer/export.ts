import { DOCUMENTS } from '../documents/catalogue.ts'
import type { Counter } from '../sequence/counter.ts'
import type { StoredUser, UserStorePort } from './ports.ts'

export interface ExportDeps {
  readonly store: UserStorePort
  readonly counter: Pick<Counter, 'last'>
}

/** Users read in one statement. */
const USERS_PER_BATCH = 100
/** Bytes of their documents after which a batch ends, at the user who passes it: users may have some MB each. */
const BYTES_PER_BATCH = 4 * 1_024 * 1_024

/**
 * Every user as one line of NDJSON, in the order of the ids: `{"user_id","documents":{kind: data},"sequence":{day: n}}`.
 * Reads the next batch when the reader asks for it, so that memory stays the same however many users there are.
 * `only`: that user alone. Throws DatabaseUnavailableError.
 */
export async function* exportUsers({ store, counter }: ExportDeps, only?: string): AsyncGenerator<string> {
  let after = ''
  for (;;) {
    const users = await store.read({ after, users: USERS_PER_BATCH, bytes: BYTES_PER_BATCH, only })
    for (const user of users) yield await lineOf(user, counter)
    const last = users.at(-1)
    if (last === undefined || only !== undefined) return
    after = last.userId
  }
}

/** The line has the texts of the documents as they are stored. */
async function lineOf(
  { userId, documents, sequence }: StoredUser,
  counter: ExportDeps['counter'],
): Promise<string> {
  const parts = DOCUMENTS.flatMap(({ kind }) => {
    const data = documents.get(kind)
    return data === undefined ? [] : [`${JSON.stringify(kind)}:${data}`]
  })
  const days: Record<string, number> = {}
  for (const [day, highWater] of sequence) {
    // The last number handed out, not the last one reserved, where Redis tells it.
    const last = await counter.last({ userId, day })
    days[day] = Math.min(last, highWater)
  }
  return `{"user_id":${JSON.stringify(userId)},"documents":{${parts.join(',')}},"sequence":${JSON.stringify(days)}}\n`
}
