import type { Moment, Prepare } from '../consistency/decision.ts'
import type { StorePort } from '../consistency/ports.ts'
import type { Reader } from '../consistency/read.ts'
import type { ReadStatus } from '../consistency/read-outcome.ts'
import type { JsonObject } from '../documents/json.ts'
import { compileRiskIndex, type RiskIndex } from '../documents/risk.ts'
import { DomainError } from '../errors.ts'
import { dataOf, encode } from './codec.ts'
import { DEFAULTS_REF } from './document-refs.ts'
import { isUnreadable } from './stored-document.ts'

/** The admin defaults as the use cases need them. */
export interface ParsedDefaults {
  readonly data: JsonObject
  readonly risks: RiskIndex
}

/** The defaults as the decision of one write needs them. */
export interface DefaultsOfWrite {
  readonly prepare: Prepare
  /** Only once `prepare` has resolved. */
  readonly data: JsonObject
}

/**
 * The admin defaults, read through the cache each time. They are parsed again only when their bytes change.
 */
export class AdminDefaultsCache {
  readonly #reader: Pick<Reader, 'read'>
  readonly #store: Pick<StorePort, 'readRows'>
  #bytes: Buffer | undefined
  #defaults: ParsedDefaults | undefined
  readonly #reads = new WeakMap<Moment, Promise<ParsedDefaults>>()

  constructor(reader: Pick<Reader, 'read'>, store: Pick<StorePort, 'readRows'>) {
    this.#reader = reader
    this.#store = store
  }

  /** The defaults for one write: `prepare` reads them while its transaction begins, and rejects as `current` does. */
  forWrite(): DefaultsOfWrite {
    let parsed: ParsedDefaults
    return {
      prepare: async moment => {
        parsed = await this.#at(moment)
      },
      get data() {
        return parsed.data
      },
    }
  }

  /** The defaults as they are at a moment or later; the writes that one transaction holds share a read. */
  #at(moment: Moment): Promise<ParsedDefaults> {
    let read = this.#reads.get(moment)
    if (read === undefined) {
      read = this.current()
      this.#reads.set(moment, read)
    }
    return read
  }

  /** NOT_READY while no defaults are loaded. */
  async current(): Promise<ParsedDefaults> {
    const { bytes } = await this.read()
    try {
      return this.#parse(bytes)
    } catch (error) {
      if (!isUnreadable(error)) throw error
    }
    // An operator wrote something else into Redis. Every write of every user needs the defaults: the database has them.
    const [row] = (await this.#store.readRows([DEFAULTS_REF])).rows
    return this.#parse(row === undefined ? bytes : encode(row)[0]!)
  }

  /** The envelope. NOT_READY while no defaults are loaded. */
  async read(): Promise<{ readonly bytes: Buffer; readonly status: ReadStatus }> {
    const { values, status } = await this.#reader.read([{ ref: DEFAULTS_REF, part: 0 }])
    const bytes = values?.[0] ?? null
    if (bytes === null) throw new DomainError('NOT_READY', 'the defaults are not loaded yet')
    return { bytes, status }
  }

  #parse(bytes: Buffer): ParsedDefaults {
    if (this.#defaults === undefined || (this.#bytes !== bytes && !this.#bytes?.equals(bytes))) {
      const data = dataOf(bytes)
      this.#defaults = { data, risks: compileRiskIndex(data).index }
      this.#bytes = bytes
    }
    return this.#defaults
  }
}
