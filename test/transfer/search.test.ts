import t from 'tap'
import { BUILT_IN_DEFAULTS } from '../../src/documents/defaults.ts'
import type { UserQuery } from '../../src/transfer/ports.ts'
import { Transfer, type TransferDeps } from '../../src/transfer/transfer-service.ts'

const WHERE = ['mode.scalp:confidence.min_confidence>90']
const user = (user_id: string) => ({ user_id, created_at: '', updated_at: '', documents: 13 })

/** A store of the users 000, 001, ... of whom those in `fitting` fit; it looks at ten of them at a time. */
function transferOver(count: number, fitting: readonly string[]) {
  const queries: UserQuery[] = []
  const list = async (query: UserQuery) => {
    queries.push(query)
    const ids = Array.from({ length: count }, (_, index) => String(index).padStart(3, '0'))
    const looked = ids.filter(id => id > query.after).slice(0, 10)
    const found = looked.filter(id => fitting.includes(id)).slice(0, query.limit)
    return { users: found.map(user), last: looked.length < 10 ? null : looked.at(-1)! }
  }
  const defaults = { current: async () => ({ data: BUILT_IN_DEFAULTS }) }
  return { queries, transfer: new Transfer({ store: { list }, defaults } as unknown as TransferDeps) }
}

t.test('a search goes on until the page is full, and the next page behind its last user', async t => {
  const { transfer, queries } = transferOver(100, ['005', '037', '038', '092'])
  const query = { prefix: '', where: WHERE, limit: 2, cursor: undefined }
  const first = await transfer.listUsers(query)
  t.strictSame(
    first.users.map(({ user_id: userId }) => userId),
    ['005', '037'],
  )
  const second = await transfer.listUsers({ ...query, cursor: first.next! })
  t.strictSame(
    second.users.map(({ user_id: userId }) => userId),
    ['038', '092'],
  )
  t.equal(second.next, null)
  t.equal(queries[0]!.limit, 3, 'one more tells whether there is another page')
})

t.test('a page whose time is over names the last user looked at', async t => {
  const { transfer } = transferOver(100_000, [])
  const { users, next } = await transfer.listUsers({ prefix: '', where: WHERE, limit: 2, cursor: undefined })
  t.strictSame(users, [])
  t.not(next, null)
})
