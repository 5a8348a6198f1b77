/** YYYYMMDD of a moment in a time zone of the IANA database. */
export function dayIn(timeZone: string, wallMs: number): string {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
    formats.set(timeZone, format)
  }
  return format.format(wallMs).replaceAll('-', '')
}

/** Making a format is slow, and each takes 30 KB. There are 597 names (UserZones lets no other spelling in). */
const formats = new Map<string, Intl.DateTimeFormat>()
