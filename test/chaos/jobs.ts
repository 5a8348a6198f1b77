import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../helper/gateway.ts'
import { tokenOf } from '../helper/tokens.ts'
import { Random } from '../simulation/random.ts'
import { checkJobs, type JobEvidence } from './checker/jobs.ts'
import type { Violation } from './history.ts'
import { MARK_PATH, patchOf } from './marks.ts'
import { CHAOS_SECRET, type Stack } from './stack.ts'
import { WRITABLE } from './targets.ts'

/** Documents with one mark, which scheduled and bulk changes meet on. */
const TARGETS = WRITABLE.filter(({ section }) => section === '').slice(0, 4)
/** Between two planned changes, milliseconds. */
const PAUSE_MS = 250
/** A bulk change with every so many planned ones. */
const BULK_EVERY = 12
/** A planned change is due after at most this, milliseconds, and goes back as soon after. */
const AHEAD_MS = 3_000
/** A frozen gateway answers after that or never. */
const PATIENCE_MS = 15_000

export interface JobsOptions {
  readonly users: readonly string[]
  readonly seed: number
}

/** What was acknowledged, by the mark that it leaves. */
interface Asked {
  readonly schedules: string[]
  readonly bulks: string[]
}

/**
 * Plans changes and starts bulk changes through whichever gateway, beside the clients and the faults. At the end each step that
 * was due must have happened once, in order, none lost.
 */
export async function beginJobs(
  stack: Stack,
  { users, seed }: JobsOptions,
): Promise<() => Promise<readonly Violation[]>> {
  const asked: Asked = { schedules: [], bulks: [] }
  let stopped = false
  const working = work(stack, new Random(seed), users, asked, () => stopped)
  return async () => {
    stopped = true
    await working
    await eventually('all planned and bulk changes have ended', async () => {
      const { rows } = await stack.sql(client =>
        client.query(`SELECT FROM schedules WHERE state IN ('waiting', 'active')
                      UNION ALL SELECT FROM bulk_changes WHERE state = 'running' LIMIT 1`),
      )
      return rows.length === 0
    })
    return checkJobs(await evidenceOf(stack, asked, users))
  }
}

async function work(
  stack: Stack,
  random: Random,
  users: readonly string[],
  asked: Asked,
  stopped: () => boolean,
): Promise<void> {
  const service = { authorization: `Bearer ${Object.values(stack.tokens)[0]}` }
  const admin = { authorization: `Bearer ${tokenOf(CHAOS_SECRET, { sub: 'chaos', role: 'admin' })}` }
  for (let count = 1; !stopped(); count++) {
    const { url } = random.pick(stack.gateways).process
    const target = random.pick(TARGETS)
    if (count % BULK_EVERY === 0) {
      const mark = `bulk-${count}`
      const body = { document: target.kind, data: patchOf(mark), reason: mark }
      if (await post(`${url}/api/admin/bulk-changes`, admin, body)) asked.bulks.push(mark)
    } else {
      const mark = `schedule-${count}`
      const at = Date.now() + random.int(AHEAD_MS)
      const until = random.chance(0.5) ? at + 1 + random.int(AHEAD_MS) : undefined
      const times = { at: timeText(at), ...(until === undefined ? {} : { until: timeText(until) }) }
      const headers = { ...service, 'x-user-id': random.pick(users) }
      const body = { ...times, data: patchOf(mark), note: mark }
      if (await post(`${url}${target.route}/schedule`, headers, body)) asked.schedules.push(mark)
    }
    await sleep(random.next() * PAUSE_MS)
  }
}

/** True when it was acknowledged. */
async function post(url: string, headers: Record<string, string>, body: object): Promise<boolean> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

function timeText(ms: number): string {
  return new Date(ms).toISOString()
}

async function evidenceOf(stack: Stack, asked: Asked, users: readonly string[]): Promise<JobEvidence> {
  return stack.sql(async client => {
    const rowsOf = async (text: string) => (await client.query(text)).rows
    return {
      users,
      asked: [...asked.schedules, ...asked.bulks],
      schedules: await rowsOf(
        `SELECT note AS mark, user_id AS user, kind, state, version::float8 AS version, ends_at IS NOT NULL AS "goesBack", faults,
                extract(epoch FROM starts_at)::float AS "startsAt", extract(epoch FROM created_at)::float AS "createdAt"
         FROM schedules`,
      ),
      bulks: await rowsOf('SELECT id, reason AS mark, kind, state FROM bulk_changes'),
      bulkUsers: await rowsOf(
        'SELECT bulk_id AS bulk, user_id AS user, state, version::float8 AS version, faults FROM bulk_users',
      ),
      lines: await rowsOf(
        `SELECT user_id AS user, kind, version::float8 AS version, reason, coalesce(data #>> '${MARK_PATH}', '') AS mark
         FROM document_history WHERE kind IN (${TARGETS.map(({ kind }) => `'${kind}'`)}) ORDER BY version`,
      ),
    }
  })
}
