import { createHash, randomUUID } from 'node:crypto'
import type { ChangeToTell, EndToTell, Message } from './ports.ts'

/** The pseudo-user of the admin defaults. */
const ADMIN = '@admin'

/** An event of one document. Its id comes from what it tells: an instance that sends it again gives it the same one. */
export function changeMessage(change: ChangeToTell): Message {
  const { userId, document, version, deleted, at, by, reason } = change
  const isDefaults = userId === ADMIN
  const type = isDefaults ? 'defaults.changed' : deleted ? 'document.deleted' : 'document.changed'
  return message(idOf('change', userId, document, version), type, at, {
    ...(isDefaults ? {} : { user_id: userId, document }),
    version,
    reason: deleted ? 'delete' : reason,
    updated_by: by,
  })
}

/** The end of a scheduled or bulk change. */
export function endMessage({ id, type, at, data }: EndToTell): Message {
  return message(idOf('end', id, at, data), type, at, JSON.parse(data))
}

/** What one instance saw; every instance tells its own. */
export function instanceMessage(type: string, instance: string, details: object): Message {
  const id = `msg_${randomUUID().replaceAll('-', '')}`
  return message(id, type, new Date().toISOString(), { instance, ...details })
}

function message(id: string, type: string, timestamp: string, data: object): Message {
  return { id, type, body: JSON.stringify({ type, timestamp, data }) }
}

/** Opaque, and without the full stop that ids of the specification must not have. */
function idOf(...parts: readonly (string | number | bigint)[]): string {
  const digest = createHash('sha256').update(parts.join('\n')).digest('base64url')
  return `msg_${digest.slice(0, 27)}`
}
