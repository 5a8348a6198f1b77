import type { DatasetIdentity } from '../consistency/ports.ts'

/** What INFO says of the server behind one connection. */
export interface ServerInfo {
  readonly identity: DatasetIdentity
  readonly role: 'master' | 'replica'
  readonly cluster: boolean
}

/** Reads the sections `server` and `replication` of INFO. Throws when a field is missing. */
export function parseServerInfo(text: string): ServerInfo {
  return {
    identity: { runId: field(text, 'run_id'), replicationId: field(text, 'master_replid') },
    role: field(text, 'role') === 'master' ? 'master' : 'replica',
    cluster: /^redis_mode:cluster\r?$/m.test(text),
  }
}

function field(text: string, name: string): string {
  const value = new RegExp(`^${name}:(\\S+)`, 'm').exec(text)?.[1]
  if (value === undefined) throw new Error(`INFO of Redis has no ${name}`)
  return value
}
