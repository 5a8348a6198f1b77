/** YYYYMMDD of a moment in a time zone of the IANA database. */
export function dayIn(timeZone: string, wallMs: number): string {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
    formats.set(timeZone, format)
  }
  return format.format(wallMs).replaceAll('-', '')
}

/** A mirror lives for two days after its last draw, and days end up to 12 hours later than in UTC. */
const DAYS_BEFORE = 4
/** Days begin up to 14 hours earlier than in UTC. */
const DAYS_AFTER = 1
const DAY_MS = 24 * 60 * 60 * 1_000

/** Every day of any user, YYYYMMDD, whose mirror may still be in Redis. */
export function mirroredDays(wallMs: number): readonly string[] {
  return Array.from({ length: DAYS_BEFORE + 1 + DAYS_AFTER }, (_, at) =>
    dayIn('UTC', wallMs + (at - DAYS_BEFORE) * DAY_MS),
  )
}

/** Making a format is slow, and each takes 30 KB. There are 597 names (UserZones lets no other spelling in). */
const formats = new Map<string, Intl.DateTimeFormat>()
