export interface Bytes {
  readonly postgres: number
  readonly redis: number
}

/** Bytes of one of each. */
export interface Measured {
  /** All documents, with their first versions in the history, and the keys. */
  readonly user: Bytes
  readonly write: Bytes
  /** A user's day with order numbers. */
  readonly day: Bytes
  /** An answer to an Idempotency-Key. */
  readonly key: Bytes
}

const USERS = [1_000, 100_000, 1_000_000]
/** What a year is reckoned with: of each user, each day. */
const WRITES_A_DAY = 2
const KEYS_A_DAY = 200
const DAYS = 365
/** Days of order numbers that PostgreSQL keeps: three, today, and what the time zones add. */
const DAYS_KEPT = 5
/** Redis keeps them for 48 hours. */
const DAYS_IN_REDIS = 2
/** Answers are kept for 10 minutes and removed within 5 more. */
const KEYS_KEPT = 15 / (24 * 60)

/** Two tables in Markdown: bytes of one of each, and what some numbers of users take after a year. */
export function capacityTables({ user, write, day, key }: Measured): string {
  const rows: readonly (readonly [string, Bytes, string])[] = [
    ['a user: all documents and their first versions', user, 'until deleted'],
    ['a write: one more version of one mode', write, '365 days and 100 versions'],
    ['a user and day with order numbers', day, 'PostgreSQL: 4 days; Redis: 48 hours'],
    ['an Idempotency-Key', key, '10 to 15 minutes'],
  ]
  const one = rows.map(
    ([what, { postgres, redis }, kept]) => `| ${what} | ${bytes(postgres)} | ${bytes(redis)} | ${kept} |`,
  )
  const year = USERS.map(users => {
    const total = (of: keyof Bytes, days: number, writes: number) =>
      users * (user[of] + writes * write[of] + days * day[of] + KEYS_A_DAY * KEYS_KEPT * key[of])
    const postgres = total('postgres', DAYS_KEPT, WRITES_A_DAY * DAYS)
    return `| ${users.toLocaleString('en')} | ${bytes(postgres)} | ${bytes(total('redis', DAYS_IN_REDIS, 0))} |`
  })
  return `| what | PostgreSQL | Redis | kept |
| --- | --- | --- | --- |
${one.join('\n')}

After a year, with ${WRITES_A_DAY} writes and ${KEYS_A_DAY} draws with an Idempotency-Key of each user each day:

| users | PostgreSQL | Redis |
| --- | --- | --- |
${year.join('\n')}
`
}

function bytes(count: number): string {
  if (count < 10) return '0'
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(count) / 3))
  return `${Number((count / 1_000 ** power).toPrecision(2))} ${units[power]}`
}
