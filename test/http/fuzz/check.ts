import fc from 'fast-check'
import { DOCUMENTS } from '../../../src/documents/catalogue.ts'
import { documentDefaults } from '../../../src/documents/defaults.ts'
import { validateDocument } from '../../../src/documents/validate.ts'
import { onServer } from '../../helper/backends.ts'
import { redisOf, SERVICE, type TestGateway } from '../../helper/gateway.ts'
import { ADMIN } from '../../helper/tokens.ts'
import { requests } from './requests.ts'

export interface FuzzResult {
  /** Replies by status. */
  readonly statuses: ReadonlyMap<number, number>
  /** Stored documents that were looked at afterwards. */
  readonly documents: number
}

/**
 * Sends `runs` random requests. Rejects with the smallest request that was answered with 500, with 503 (both stores
 * are well) or with a problem without a code, and when a stored document breaks its schema or differs from Redis.
 */
export async function fuzz(gateway: TestGateway, runs: number, seed?: number): Promise<FuzzResult> {
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(requests, fc.constantFrom(SERVICE, SERVICE, ADMIN), async (request, caller) => {
      const reply = await gateway.app.inject({ ...request, headers: { ...caller, ...request.headers } })
      statuses.set(reply.statusCode, (statuses.get(reply.statusCode) ?? 0) + 1)
      if (reply.statusCode >= 500) throw new Error(`${reply.statusCode} ${reply.body}`)
      if (reply.statusCode >= 400 && request.method !== 'HEAD' && !/^[A-Z_]+$/.test(reply.json().code)) {
        throw new Error(`no problem: ${reply.body}`)
      }
    }),
    { numRuns: runs, endOnFailure: true, ...(seed === undefined ? {} : { seed }) },
  )
  return { statuses, documents: await checkStored(gateway) }
}

/** Number of the stored documents. Throws on the first that is not valid, or is another one in Redis. */
async function checkStored(gateway: TestGateway): Promise<number> {
  const { rows } = await onServer(gateway.databaseUrl, client =>
    client.query(`SELECT user_id, kind, version, data FROM documents WHERE data IS NOT NULL`),
  )
  const defaults = rows.find(({ kind }) => kind === 'defaults').data
  const client = redisOf(gateway)
  for (const { user_id: user, kind, version, data } of rows) {
    const document = DOCUMENTS.find(each => each.kind === kind)
    if (document === undefined) continue
    const faults = validateDocument(kind, data, [documentDefaults(defaults, kind)])
    if (faults.length > 0) throw new Error(`${user} ${kind}: ${JSON.stringify(faults)}`)
    const cached = await client.get(`user:${user}:${document.keySuffixes[0]!.suffix}`)
    if (cached === null) continue
    const { version: cachedVersion, data: cachedData } = JSON.parse(cached)
    if (cachedVersion !== Number(version) || !isSame(cachedData, data))
      throw new Error(`${user} ${kind}: Redis has another`)
  }
  return rows.length
}

function isSame(a: unknown, b: unknown): boolean {
  return fc.stringify(sorted(a)) === fc.stringify(sorted(b))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, child]) => [name, sorted(child)])
}
