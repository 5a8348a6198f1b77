/** Texts of operations about the cache, in the words of the README. */

export const READ_TEXT = [
  'Answered from Redis in one round trip, or read from PostgreSQL and put into Redis; `Cache-Status` says which.',
  'Never older than the last acknowledged write. While PostgreSQL is unreachable, cached settings are still answered,',
  'marked `detail=unverified`, unless ON_DATABASE_OUTAGE is `refuse`.',
].join(' ')

export const PAST_TEXT = [
  '`version` and `at` answer what was, from the history: `Cache-Status: settings-gateway; fwd=bypass; detail=history`. At a',
  'moment each document has the newest version whose `updated_at` is not later. 410 `HISTORY_PRUNED`: it is no longer kept;',
  '404 `VERSION_NOT_FOUND`: there was none. No user is created.',
].join(' ')

export const WRITE_TEXT = [
  'A fence in Redis sends readers to PostgreSQL until the change is committed there; Redis holds the new version before',
  'the answer is sent. While Redis is down writes go to PostgreSQL alone: only the first of an outage waits, for',
  'OFF_WAIT_MS. 503 `COMMIT_UNKNOWN`: the change may have been stored; try again with `If-Match`.',
].join(' ')

export const DEFAULTS_TEXT = [
  'The defaults come from the cache, never from the file. Several documents change in one transaction, and Redis holds',
  'all of them before the answer is sent; readers see the whole change or nothing of it.',
].join(' ')

export const SEQUENCE_TEXT = [
  'Redis counts inside a block that is reserved in PostgreSQL; without Redis the numbers come directly from PostgreSQL.',
  '`source` names the store.',
].join(' ')
