import { createHmac } from 'node:crypto'

/** Secrets of this form hold the bytes of the key; others are taken as they are. */
const ENCODED = /^whsec_([A-Za-z0-9+/]+=*)$/

/** The key of a WEBHOOK_SECRET. */
export function keyOf(secret: string): Buffer {
  const [, encoded] = ENCODED.exec(secret) ?? []
  return encoded === undefined ? Buffer.from(secret) : Buffer.from(encoded, 'base64')
}

/** `webhook-signature` of the Standard Webhooks specification. `timestamp`: seconds since 1970. */
export function sign(key: Buffer, id: string, timestamp: number, body: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}
