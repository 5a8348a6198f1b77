import type { Prepare } from '../consistency/decision.ts'
import type { Row } from '../consistency/document-rows.ts'
import type { Reader } from '../consistency/read.ts'
import type { ReadStatus } from '../consistency/read-outcome.ts'
import type { StorePort } from '../consistency/store-port.ts'
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
  /** Only once `prepare` has returned nothing. */
  readonly data: JsonObject
}

/**
 * The admin defaults. Reads go through the cache each time, and parse only when the bytes change; a write takes those that it
 * holds when its transaction sees the same version, and otherwise the row.
 */
export class AdminDefaultsCache {
  readonly #reader: Pick<Reader, 'read' | 'refill'>
  readonly #store: Pick<StorePort, 'readRows'>
  #bytes: Buffer | undefined
  #defaults: ParsedDefaults | undefined
  #row: { readonly version: number; readonly defaults: ParsedDefaults } | undefined
  #reading: Promise<void> | undefined

  constructor(reader: Pick<Reader, 'read' | 'refill'>, store: Pick<StorePort, 'readRows'>) {
    this.#reader = reader
    this.#store = store
  }

  /** The defaults for one write. What `prepare` returns rejects with NOT_READY or DatabaseUnavailableError. */
  forWrite(): DefaultsOfWrite {
    let parsed: ParsedDefaults
    return {
      prepare: version => {
        if (this.#row === undefined || this.#row.version !== version) return this.#readRow()
        parsed = this.#row.defaults
        return undefined
      },
      get data() {
        return parsed.data
      },
    }
  }

  /** Writes that wait for it at the same time share it: each looks again at what its next transaction sees. */
  #readRow(): Promise<void> {
    this.#reading ??= this.#takeRow().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #takeRow(): Promise<void> {
    const row = await this.#storedRow()
    if (row === undefined) throw notLoaded()
    this.#row = { version: row.version, defaults: this.#parse(encode(row)[0]!) }
  }

  async #storedRow(): Promise<Row | undefined> {
    const [row] = (await this.#store.readRows([DEFAULTS_REF])).rows
    return row?.data == null ? undefined : row
  }

  /** NOT_READY while no defaults are loaded. */
  async current(): Promise<ParsedDefaults> {
    const { bytes } = await this.read()
    try {
      return this.#parse(bytes)
    } catch (error) {
      if (!isUnreadable(error)) throw error
    }
    // An operator wrote something else into Redis; the database has them.
    const row = await this.#storedRow()
    return this.#parse(row === undefined ? bytes : encode(row)[0]!)
  }

  /** The envelope. NOT_READY while no defaults are loaded. */
  async read(): Promise<{ readonly bytes: Buffer; readonly status: ReadStatus }> {
    const { values, status } = await this.#reader.read([{ ref: DEFAULTS_REF, part: 0 }])
    const bytes = values?.[0] ?? null
    if (bytes === null) throw notLoaded()
    return { bytes, status }
  }

  /** Repairs the keys of the defaults, also that of their hash, which the gateway itself never reads. Never rejects. */
  refill(): Promise<void> {
    return this.#reader.refill(DEFAULTS_REF)
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

function notLoaded(): DomainError {
  return new DomainError('NOT_READY', 'the defaults are not loaded yet')
}
