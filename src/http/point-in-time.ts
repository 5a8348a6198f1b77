import type { PointInTime } from '../settings/service.ts'
import { ProblemError } from './problem-error.ts'

/** The query of a read that may be about the past (openapi/parameters.ts). */
export interface PastQuery {
  readonly version?: number
  readonly at?: string
}

/** The past that a query names; undefined = now. VALIDATION_FAILED for both at once, and for what is no time. */
export function pointInTime({ version, at }: PastQuery): PointInTime | undefined {
  if (at === undefined) return version === undefined ? undefined : { version }
  if (version !== undefined) throw refused('version and at exclude each other')
  return { at: momentOf('at', at) }
}

/** Milliseconds since 1970, never less than 0, because nothing was stored before. VALIDATION_FAILED for what is no time. */
export function momentOf(name: string, text: string): number {
  const moment = parseTime(text)
  if (moment !== undefined) return moment
  const given = JSON.stringify(text.slice(0, SHOWN_VALUE))
  const message = `${name} must be a time such as 2026-01-06T12:00:00Z (RFC 3339; + is sent as %2B), not ${given}`
  throw refused(message, name)
}

const SHOWN_VALUE = 64
const TIME =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i

function parseTime(text: string): number | undefined {
  const [, year, month, day] = TIME.exec(text) ?? []
  if (year === undefined) return undefined
  // Date.parse takes 30 February for 2 March.
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`)
  if (Number.isNaN(date.getTime()) || date.getUTCDate() !== Number(day)) return undefined
  return Math.max(0, Date.parse(text))
}

function refused(message: string, name = 'at'): ProblemError {
  return new ProblemError('VALIDATION_FAILED', message, {
    errors: [{ path: `querystring.${name}`, message }],
  })
}
