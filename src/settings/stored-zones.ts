import { versionOf } from '../consistency/stored-bytes.ts'
import { isJsonObject, own } from '../documents/json.ts'
import type { StoredZone, ZonePort } from '../sequence/ports.ts'
import type { AdminDefaultsCache } from './admin-defaults-cache.ts'
import { dataOf } from './codec.ts'
import type { DocumentReads } from './document-reads.ts'
import type { Actor } from './service.ts'
import { isUnreadable } from './stored-document.ts'

const TRADING = { kind: 'settings', section: 'trading' }

/** The ZonePort over the documents. */
export class StoredZones implements ZonePort {
  readonly #reads: DocumentReads
  readonly #defaults: AdminDefaultsCache

  constructor(reads: DocumentReads, defaults: AdminDefaultsCache) {
    this.#reads = reads
    this.#defaults = defaults
  }

  async readZone(actor: Actor): Promise<StoredZone> {
    try {
      const { values } = await this.#reads.read(actor, [TRADING])
      return { version: versionOf(values[0]!), timeZone: timeZoneIn(dataOf(values[0]!)) }
    } catch (error) {
      if (!isUnreadable(error)) throw error
    }
    const [settings] = await this.#reads.documents(actor, [TRADING.kind])
    return { version: settings!.row.version, timeZone: timeZoneIn(own(settings!.data, TRADING.section)) }
  }

  async readDefaultZone(): Promise<unknown> {
    const { data } = await this.#defaults.current()
    return timeZoneIn(own(data, 'global_trading'))
  }
}

/** `trading` may be anything in a row that was changed by hand. */
function timeZoneIn(trading: unknown): unknown {
  return isJsonObject(trading) ? own(trading, 'timezone') : undefined
}
