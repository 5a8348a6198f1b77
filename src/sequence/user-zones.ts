import { isTimeZone, timeZoneSpelling } from '../documents/time-zones.ts'
import type { SequenceObserverPort, StoredZone, ZonePort } from './ports.ts'
import type { DrawingUser } from './service.ts'

/** A user's time zone, and the version of the settings it is from. */
export interface UserZone {
  readonly version: number
  /** A name of the IANA database. */
  readonly timeZone: string
  readonly warnings: readonly string[]
}

const FALLBACK = 'UTC'
/** Users whose time zone is remembered. The draw itself checks its version, so a stale one costs a round trip. */
const MAX_ZONES = 10_000

/** The time zones of the users. What PUT would refuse may be stored all the same, by psql: it is no reason to fail. */
export class UserZones {
  readonly #port: ZonePort
  readonly #observer: SequenceObserverPort
  readonly #zones = new Map<string, UserZone>()

  constructor(port: ZonePort, observer: SequenceObserverPort) {
    this.#port = port
    this.#observer = observer
  }

  /** The zone as it was when it was read last; undefined = never, or long ago. */
  known(userId: string): UserZone | undefined {
    return this.#zones.get(userId)
  }

  async read(user: DrawingUser): Promise<UserZone> {
    const stored = await this.#port.readZone(user)
    const zone = await this.#resolve(user.userId, stored)
    if (this.#zones.size >= MAX_ZONES) this.#zones.clear()
    this.#zones.set(user.userId, zone)
    return zone
  }

  async #resolve(userId: string, { version, timeZone: stored }: StoredZone): Promise<UserZone> {
    const timeZone = nameIn(stored)
    if (timeZone !== undefined) return { version, timeZone, warnings: [] }
    const instead = nameIn(await this.#port.readDefaultZone()) ?? FALLBACK
    this.#observer.zoneUnknown(userId, stored, instead)
    const warning = `trading.timezone is no time zone of the IANA database: days are counted in ${instead}`
    return { version, timeZone: instead, warnings: [warning] }
  }
}

/** The zone that a stored value names, in the database's spelling. */
function nameIn(stored: unknown): string | undefined {
  if (typeof stored !== 'string') return undefined
  return isTimeZone(stored) ? stored : timeZoneSpelling(stored)
}
