import type { DatasetIdentity } from '../consistency/views.ts'

/** What INFO says of the server behind one connection. */
export interface ServerInfo {
  readonly identity: DatasetIdentity
  readonly role: 'master' | 'replica'
  readonly cluster: boolean
}

/** The dataset behind a connection at one moment. The process behind it cannot change while the connection lives. */
export type Replication = Pick<ServerInfo, 'role'> & Pick<DatasetIdentity, 'replicationId'>

/** The server does not tell which dataset it holds: it cannot be trusted as a cache. */
export class UnidentifiedServerError extends Error {
  override readonly name = 'UnidentifiedServerError'
}

/** Reads the sections `server` and `replication` of INFO. UnidentifiedServerError when a field is missing. */
export function parseServerInfo(text: string): ServerInfo {
  const { role, replicationId } = parseReplication(text)
  return {
    identity: { runId: field(text, 'server', 'run_id'), replicationId },
    role,
    cluster: /^redis_mode:cluster\r?$/m.test(text),
  }
}

/** Reads the section `replication` of INFO. UnidentifiedServerError when a field is missing. */
export function parseReplication(text: string): Replication {
  return {
    replicationId: field(text, 'replication', 'master_replid'),
    role: field(text, 'replication', 'role') === 'master' ? 'master' : 'replica',
  }
}

function field(text: string, section: string, name: string): string {
  const value = new RegExp(`^${name}:(\\S+)`, 'm').exec(text)?.[1]
  if (value !== undefined) return value
  throw new UnidentifiedServerError(
    `the Redis server does not tell which dataset it holds: INFO ${section} has no ${name}`,
  )
}
