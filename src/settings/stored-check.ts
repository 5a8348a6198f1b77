import { KINDS } from '../documents/catalogue.ts'
import { complete } from '../documents/complete.ts'
import { BUILT_IN_DEFAULTS, documentDefaults, parseDefaults } from '../documents/defaults.ts'
import { JsonError, readJson } from '../documents/json/read.ts'
import { isJsonObject, type JsonObject } from '../documents/json.ts'
import { validateDocument } from '../documents/validate.ts'
import type { Fault } from '../errors.ts'
import { DEFAULTS_REF } from './document-refs.ts'

/** One way in which stored documents break the schemas of this version. */
export interface Refusal extends Fault {
  readonly kind: string
  count: number
  /** The first users that have it. */
  readonly users: string[]
}

/** Users choose names in documents: beyond so many different refusals they are only counted. */
const MAX_REFUSALS = 1_000
const SHOWN_USERS = 5
/** Messages end with the stored value, which would make each of them a refusal of its own. */
const VALUE = /, is [\s\S]*$/

/** Checks stored documents, one after the other, against the schemas and rules of this version. */
export class StoredCheck {
  readonly #defaults: JsonObject
  readonly #refusals = new Map<string, Refusal>()
  /** Documents that were checked. */
  checked = 0
  /** Documents with a fault. */
  refused = 0
  /** Faults beyond MAX_REFUSALS different ones. */
  unlisted = 0

  /** `defaults`: JSON text of the stored admin defaults; undefined = the built-in ones. */
  constructor(defaults: string | undefined) {
    const stored = defaults === undefined ? undefined : parseStored(defaults)
    this.#defaults = isJsonObject(stored) ? stored : BUILT_IN_DEFAULTS
  }

  add(userId: string, kind: string, json: string): void {
    this.checked++
    const faults = this.#faultsOf(kind, json)
    if (faults.length > 0) this.refused++
    for (const fault of faults) this.#note(userId, kind, fault)
  }

  /** By document, the most frequent first. */
  refusals(): readonly Refusal[] {
    return [...this.#refusals.values()].sort((a, b) => a.kind.localeCompare(b.kind) || b.count - a.count)
  }

  /** The faults that the next write of the document would meet: missing fields come from the defaults, unknown ones stay. */
  #faultsOf(kind: string, json: string): readonly Fault[] {
    const data = parseStored(json)
    if (data instanceof JsonError) return [{ path: '', message: data.message }]
    if (!isJsonObject(data)) return [{ path: '', message: 'must be object' }]
    if (kind === DEFAULTS_REF.kind) return parseDefaults(data).faults
    if (!KINDS.includes(kind)) {
      return [{ path: '', message: 'is a document that this version does not know' }]
    }
    const defaults = documentDefaults(this.#defaults, kind)
    return validateDocument(kind, complete(kind, data, defaults), [defaults, data])
  }

  #note(userId: string, kind: string, fault: Fault): void {
    const { path } = fault
    const message = fault.message.replace(VALUE, '')
    const key = `${kind} ${path} ${message}`
    const known = this.#refusals.get(key)
    if (known !== undefined) {
      known.count++
      if (known.users.length < SHOWN_USERS) known.users.push(userId)
    } else if (this.#refusals.size < MAX_REFUSALS) {
      this.#refusals.set(key, { kind, path, message, count: 1, users: [userId] })
    } else this.unlisted++
  }
}

function parseStored(json: string): unknown {
  try {
    return readJson(json)
  } catch (error) {
    if (error instanceof JsonError) return error
    throw error
  }
}
