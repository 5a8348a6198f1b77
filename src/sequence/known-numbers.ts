import type { ClockPort } from '../consistency/ports.ts'
import type { SequenceCachePort } from './ports.ts'

/** A gateway that starts may meet the database before Redis: 20 looks are one second. */
const LOOKS = 20
const PAUSE_MS = 50

/**
 * The highest number of any user by day, as Redis knows it; empty when Redis is away or knows none. Read when the database
 * turns out to be set back, before Redis is emptied. Never rejects.
 */
export async function readKnownNumbers(
  cache: Pick<SequenceCachePort, 'usable' | 'notes'>,
  clock: Pick<ClockPort, 'sleep'>,
): Promise<ReadonlyMap<string, number>> {
  for (let look = 0; look < LOOKS && cache.usable; look++) {
    try {
      return await cache.notes()
    } catch {
      await clock.sleep(PAUSE_MS)
    }
  }
  return new Map()
}

/** The same of several caches together: those of all partitions of a cluster. Never rejects. */
export async function readAllKnownNumbers(
  caches: readonly Pick<SequenceCachePort, 'usable' | 'notes'>[],
  clock: Pick<ClockPort, 'sleep'>,
): Promise<ReadonlyMap<string, number>> {
  const highest = new Map<string, number>()
  for (const known of await Promise.all(caches.map(cache => readKnownNumbers(cache, clock))))
    for (const [day, number] of known) highest.set(day, Math.max(number, highest.get(day) ?? 0))
  return highest
}
