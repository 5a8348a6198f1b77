/** YYYYMMDD of a moment in a time zone. */
export function dayIn(timeZone: string, wallMs: number): string {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
    formats.set(timeZone, format)
  }
  return format.format(wallMs).replaceAll('-', '')
}

/** Making a format is slow; there are a few hundred time zones. */
const formats = new Map<string, Intl.DateTimeFormat>()
