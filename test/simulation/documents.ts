import type { DocumentRef, Row } from '../../src/consistency/document-rows.ts'
import type { CodecPort } from '../../src/consistency/ports.ts'
import { PLAIN_NAMES } from '../helper/plain-names.ts'

/** A document's key in maps. */
export function documentId({ userId, kind }: DocumentRef): string {
  return `${userId} ${kind}`
}

/** Documents of the simulation: `data` is `{"value":"..."}`; those of kind `d0` have a section with a key of its own. */
export const SIM_CODEC: CodecPort = {
  keys: ({ userId, kind }) => {
    const whole = `user:${userId}:${kind}`
    return kind === 'd0' ? [whole, `${whole}:section`] : [whole]
  },
  viewKey: PLAIN_NAMES.view,
  stampKey: userId => PLAIN_NAMES.stamp(userId),
  tombstoneKey: userId => PLAIN_NAMES.tombstone(userId),
  encode: row => SIM_CODEC.keys(row.ref).map(() => envelope(row)),
}

/** As a Reader names a read of these keys; all are of one user. */
export function readIdOf(keys: readonly string[]): string {
  const [, userId] = /^user:([^:]+):/.exec(keys[0]!)!
  return `${userId}\n${keys.join('\n')}`
}

/** The texts around the values of a read of several documents: their body is a list. */
export function around(count: number): string[] {
  return ['[', ...Array.from({ length: count - 1 }, () => ','), ']']
}

/** The values in such a body. */
export function valuesIn(body: Buffer): Buffer[] {
  const values: unknown[] = JSON.parse(body.toString())
  return values.map(value => Buffer.from(JSON.stringify(value)))
}

export function dataOf(value: string): string {
  return JSON.stringify({ value })
}

/** What is in a body that SIM_CODEC has encoded. */
export function dataIn(body: Buffer): string {
  return JSON.stringify(JSON.parse(body.toString()).data)
}

function envelope({ version, updatedAt, data }: Row): Buffer {
  return Buffer.from(`{"version":${version},"updated_at":"${updatedAt}","data":${data}}`)
}

/** The partition of a cluster that a user is in; there are two here. */
export function partitionOf(userId: string): number {
  return userId === 'u' ? 0 : 1
}

export function viewOfUser(userId: string): number {
  return 1 + partitionOf(userId)
}

/** Who draws order numbers, all on one day. */
export const DRAWING_USERS = ['u', 'w'] as const
export const DRAWING_DAY = '20260106'
