import type { ClusterTarget, RedisTarget } from '../config.ts'

/** One node of a cluster as a server. */
export function serverTarget(
  { username, password, tls }: ClusterTarget,
  server: { readonly host: string; readonly port: number },
): RedisTarget {
  return { kind: 'single', server, sentinels: [], sentinelName: undefined, username, password, db: 0, tls }
}
