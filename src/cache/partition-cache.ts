import type {
  CacheEntry,
  CacheFence,
  CacheFill,
  CachePort,
  Claimant,
  ClaimKind,
  Marker,
  OnHeads,
} from '../consistency/cache-port.ts'
import type { DatasetIdentity, ViewToken } from '../consistency/views.ts'
import type { ClusterNodes } from './cluster-nodes.ts'
import { noCache } from './no-cache.ts'
import { OnOwner } from './on-owner.ts'
import type { PartitionPlace } from './partition-names.ts'

interface OwnCache {
  readonly cache: CachePort
  readonly examination: { readonly refusal: string | undefined }
}

const NO_OWNER: OwnCache = {
  cache: noCache('no node of the cluster is known to hold these keys'),
  examination: { refusal: undefined },
}

/**
 * The CachePort of one partition of a cluster: that of the node that owns it now. When another node does, the replies of both
 * name their own connections, so that one of the former owner is no hit under a lease of the new one.
 */
export class PartitionCache implements CachePort {
  readonly #owner: OnOwner<OwnCache>

  constructor(nodes: Pick<ClusterNodes, 'ownerOf'>, { partition, names, slot }: PartitionPlace) {
    this.#owner = new OnOwner<OwnCache>(
      nodes,
      partition,
      ({ server }) => server.cacheOf(names, slot),
      NO_OWNER,
    )
  }

  get #cache(): CachePort {
    return this.#owner.current.cache
  }

  get usable(): boolean {
    return this.#cache.usable
  }

  /** Why the node is not trusted as a cache, for operators. */
  get refusal(): string | undefined {
    return this.#owner.current.examination.refusal
  }

  read(keys: readonly string[]) {
    return this.#cache.read(keys)
  }

  readHeads(keys: readonly string[], stampKey: string | undefined, answered: OnHeads): void {
    this.#cache.readHeads(keys, stampKey, answered)
  }

  identify() {
    return this.#cache.identify()
  }

  fence(v: ViewToken, nonce: string, fences: readonly CacheFence[]) {
    return this.#cache.fence(v, nonce, fences)
  }

  put(v: ViewToken, nonce: string, entries: readonly CacheEntry[]) {
    return this.#cache.put(v, nonce, entries)
  }

  makeStamps(v: ViewToken, stampKeys: readonly string[]) {
    return this.#cache.makeStamps(v, stampKeys)
  }

  fill(v: ViewToken, fills: readonly CacheFill[]) {
    return this.#cache.fill(v, fills)
  }

  unfence(v: ViewToken, nonce: string, entry: CacheEntry) {
    return this.#cache.unfence(v, nonce, entry)
  }

  erase(v: ViewToken, nonce: string, deleted: readonly CacheFence[]) {
    return this.#cache.erase(v, nonce, deleted)
  }

  adopt(v: ViewToken) {
    return this.#cache.adopt(v)
  }

  cold(v: ViewToken, databaseName: string) {
    return this.#cache.cold(v, databaseName)
  }

  sweep(v: ViewToken, from: string | null) {
    return this.#cache.sweep(v, from)
  }

  hold(v: ViewToken, ttlMs: number) {
    return this.#cache.hold(v, ttlMs)
  }

  claim(identity: DatasetIdentity, claimant: Claimant, kind: ClaimKind) {
    return this.#cache.claim(identity, claimant, kind)
  }

  readMarker(identity?: DatasetIdentity) {
    return this.#cache.readMarker(identity)
  }

  proposeMarker(v: ViewToken, nonce: string) {
    return this.#cache.proposeMarker(v, nonce)
  }

  advanceMarker(v: ViewToken, nonce: string, marker: Marker) {
    return this.#cache.advanceMarker(v, nonce, marker)
  }
}
