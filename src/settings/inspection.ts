import { refId } from '../consistency/batch-reader.ts'
import type { CachePort } from '../consistency/cache-port.ts'
import type { Row } from '../consistency/document-rows.ts'
import type { CodecPort } from '../consistency/ports.ts'
import type { Reader } from '../consistency/read.ts'
import type { StorePort } from '../consistency/store-port.ts'
import { headOf } from '../consistency/stored-bytes.ts'
import type { CacheService, InspectedKey, Inspection } from './admin-service.ts'
import { refsOfUser } from './document-refs.ts'
import { isLive, type Provisioning, userNotFound } from './provisioning.ts'

/** Where the keys of one user are. */
export interface UserCache {
  readonly cache: Pick<CachePort, 'usable' | 'read'>
  readonly codec: Pick<CodecPort, 'keys'>
  /** The address of the node of a cluster that has the keys; undefined = none is known, or Redis is no cluster. */
  readonly node?: string | undefined
}

export interface InspectionDeps {
  readonly cacheOf: (userId: string) => UserCache
  readonly store: Pick<StorePort, 'readRows'>
  readonly reader: Pick<Reader, 'read'>
  readonly provisioning: Provisioning
}

/** Compares a user's keys in Redis with the rows, and fills them. */
export class CacheInspection implements CacheService {
  readonly #deps: InspectionDeps

  constructor(deps: InspectionDeps) {
    this.#deps = deps
  }

  async inspect(userId: string): Promise<Inspection> {
    const { store, cacheOf } = this.#deps
    const { cache, codec, node } = cacheOf(userId)
    const refs = refsOfUser(userId)
    const keys = refs.flatMap(ref => codec.keys(ref).map(key => ({ key, ref })))
    const values = await valuesIn(
      cache,
      keys.map(({ key }) => key),
    )
    const rows = new Map((await store.readRows(refs)).rows.map(row => [refId(row.ref), row]))
    if (![...rows.values()].some(isLive)) throw userNotFound(userId)
    return {
      user_id: userId,
      redis: values === undefined ? 'down' : 'up',
      ...(node === undefined ? {} : { node }),
      keys: keys.map(({ key, ref }, index) =>
        inspectKey(key, ref.kind, values?.[index], rows.get(refId(ref))),
      ),
    }
  }

  async warm(userId: string): Promise<number> {
    const { reader, provisioning, cacheOf } = this.#deps
    const { cache, codec } = cacheOf(userId)
    await provisioning.onAccess({ userId, caller: 'gateway', isLooking: true })
    const refs = refsOfUser(userId)
    const wanted = refs.flatMap(ref => codec.keys(ref).map((_, part) => ({ ref, part })))
    await reader.read(wanted)
    const values = await valuesIn(
      cache,
      refs.flatMap(ref => codec.keys(ref)),
    )
    return values?.filter(value => value !== null && headOf(value).type === 'value').length ?? 0
  }
}

/** Undefined when Redis cannot be read. */
async function valuesIn(
  cache: UserCache['cache'],
  keys: readonly string[],
): Promise<readonly (Buffer | null)[] | undefined> {
  if (!cache.usable) return undefined
  try {
    return (await cache.read(keys)).values
  } catch {
    return undefined
  }
}

function inspectKey(
  key: string,
  document: string,
  value: Buffer | null | undefined,
  row: Row | undefined,
): InspectedKey {
  const head = value ? headOf(value) : undefined
  return {
    key,
    document,
    state: head?.type ?? (value === undefined ? 'unknown' : 'missing'),
    version_redis: head?.type === 'value' ? head.version : head?.type === 'fence' ? head.min : null,
    version_database: row === undefined || row.data === null ? null : row.version,
    size: value?.length ?? 0,
  }
}
