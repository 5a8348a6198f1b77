import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { Batch } from '../../../src/store/batch.ts'
import { BEGIN, COMMIT, REQUIRE_SAFE } from '../../../src/store/read-committed.ts'
import { onServer, type Scope, temporaryDirectory } from '../../helper/backends.ts'
import { startStack, type TestGateway } from '../../helper/gateway.ts'
import { ROOT } from '../../helper/readme.ts'

const COMPARISON = '/api/user/settings/comparison'
const AT_ONCE = 10
/** Of the lease renewal, of the rounds of the jobs and of what an instance tells of itself: they go on whatever is read. */
const BACKGROUND = new Set([
  ...[
    'select-view-snapshot',
    'select-due-work',
    'upsert-instance',
    'count-open-schedules',
    'count-running-bulks',
  ],
  // Each begins one of these, or a write, which has statements of its own.
  ...[BEGIN.name, REQUIRE_SAFE.name, COMMIT.name],
])

export interface Outcome {
  /** Comparisons with a cold and with a warm cache that were as they should be. */
  readonly right: readonly [number, number]
  /** Statements that PostgreSQL was sent meanwhile, those of background work apart. */
  readonly statements: readonly [readonly string[], readonly string[]]
  /** Status of a load-defaults of everything at the end. */
  readonly reset: number
}

/** Compares the settings of so many users twice. The file of the defaults is gone by then. */
export async function compareTwice(t: Scope, users: number): Promise<Outcome> {
  const file = join(temporaryDirectory(t), 'defaults.json')
  copyFileSync(join(ROOT, 'default-settings.json'), file)
  const { gateway } = await startStack(t, { DEFAULT_SETTINGS_FILE: file })
  await gateway.as('seed', { url: '/api/user/settings' })
  await createUsers(gateway.databaseUrl, users)
  rmSync(file)
  const cold = await watchStatements(() => compareAll(gateway, users))
  const warm = await watchStatements(() => compareAll(gateway, users))
  const reset = await gateway.as('user-1', { method: 'POST', url: '/api/user/settings/load-defaults' })
  return {
    right: [cold.result, warm.result],
    statements: [cold.statements, warm.statements],
    reset: reset.statusCode,
  }
}

/** Users with a leverage of their own, 1 to 9; in one transaction, before anything of them is cached. */
async function createUsers(databaseUrl: string, users: number): Promise<void> {
  await onServer(databaseUrl, client =>
    client.query(`
      BEGIN;
      SET LOCAL gateway.writer = 'on';
      INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid)
      SELECT 'user-' || n, kind, 1,
             CASE kind WHEN 'mode.scalp' THEN jsonb_set(data, '{size,leverage}', to_jsonb(n % 9 + 1)) ELSE data END,
             updated_at, updated_by, pg_current_xact_id()
      FROM documents, generate_series(1, ${users}) AS n WHERE user_id = 'seed';
      COMMIT`),
  )
}

/** Asks for the comparison of each user; resolves to how many were as they should be. */
async function compareAll(gateway: TestGateway, users: number): Promise<number> {
  let next = 1
  let right = 0
  const worker = async () => {
    for (let n = next++; n <= users; n = next++) {
      const reply = await gateway.as(`user-${n}`, { url: COMPARISON })
      const { total_changes, documents } = reply.json()
      const [change] = documents?.['mode.scalp'] ?? []
      if (total_changes === 1 && change.path === 'size.leverage' && change.current === (n % 9) + 1) right++
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return right
}

/** Every statement of this process goes through the clients of pg, whatever pool they are of, and those of a batch through `settle`. */
async function watchStatements<T>(work: () => Promise<T>): Promise<{ result: T; statements: string[] }> {
  const statements: string[] = []
  const { query } = pg.Client.prototype
  const { settle } = Batch
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [first] = args
    if (!(first instanceof Batch))
      statements.push(typeof first === 'string' ? first : String((first as { name?: string }).name))
    return Reflect.apply(query, this, args)
  } as typeof query
  Batch.settle = (client, batch) => {
    statements.push(...batch.map(({ name }) => name))
    return settle.call(Batch, client, batch)
  }
  try {
    return { result: await work(), statements: statements.filter(name => !BACKGROUND.has(name)) }
  } finally {
    pg.Client.prototype.query = query
    Batch.settle = settle
  }
}
