import t from 'tap'
import { CommitUnknownError, DatabaseUnavailableError } from '../../src/consistency/store-port.ts'
import { WriteQueueFullError } from '../../src/consistency/write-queue.ts'
import { type ImportDeps, importUsers } from '../../src/transfer/import.ts'

const OPTIONS = { caller: 'admin:7', mode: 'merge', dryRun: false } as const

/** An import whose third user's write fails. */
async function outcomesOf(error: Error, body: AsyncIterable<Buffer>): Promise<unknown[]> {
  const deps = {
    defaults: { forWrite: () => ({ prepare: async () => {}, data: {} }) },
    writer: {
      writeMany: async ([{ userId }]: [{ userId: string }]) => {
        if (userId === '3') throw error
        throw new WriteQueueFullError('1000 writes of one document are waiting')
      },
    },
    limits: { documentBytes: 1_000, userBytes: 1_000 },
  }
  const outcomes: unknown[] = []
  for await (const outcome of importUsers(deps as unknown as ImportDeps, body, OPTIONS))
    outcomes.push(outcome)
  return outcomes
}

async function* bodyOf(users: readonly string[], broken?: Error): AsyncGenerator<Buffer> {
  for (const user of users) yield Buffer.from(`{"user_id":"${user}"}\n`)
  if (broken !== undefined) throw broken
}

t.test('a user of whom too many writes wait is refused, and the others go on', async t => {
  const outcomes = await outcomesOf(new WriteQueueFullError('x'), bodyOf(['1', '2', '3']))
  t.match(outcomes, [
    { user_id: '1', status: 'refused', errors: [{ message: /send the line again/ }] },
    { user_id: '2', status: 'refused' },
    { user_id: '3', status: 'refused' },
    { done: true, refused: 3 },
  ])
})

t.test('an import that ends early says why in its last line', async t => {
  for (const [error, said] of [
    [new DatabaseUnavailableError('x'), /^the database is not reachable: send the rest again$/],
    [new CommitUnknownError('x'), /^whether the next line was stored is not known: send the rest again$/],
  ] as const) {
    const outcomes = await outcomesOf(error, bodyOf(['1', '2', '3', '4']))
    t.match(outcomes, [{ user_id: '1' }, { user_id: '2' }, { done: false, refused: 2, error: said }])
  }
  const broken = await outcomesOf(new Error('x'), bodyOf(['1'], new Error('aborted')))
  t.match(broken, [{ done: false, error: /^the body broke off/ }])
})

t.test('lines with nothing but white space are skipped, and counted', async t => {
  async function* body() {
    yield Buffer.from('\n  \n\t\r\n ')
    yield Buffer.from(` ${' '.repeat(2_000)}\n{"user_id":"1"}\r\n  {"user_id":"2"}  \n \u00a0\n  `)
  }
  t.match(await outcomesOf(new Error('x'), body()), [
    { line: 5, user_id: '1' },
    { line: 6, user_id: '2' },
    // JSON knows no other white space.
    { line: 7, user_id: null, status: 'refused' },
    { done: true, refused: 3 },
  ])
})

t.test('what never should happen is no answer', async t => {
  await t.rejects(outcomesOf(new TypeError('x'), bodyOf(['1', '2', '3'])), TypeError)
})
