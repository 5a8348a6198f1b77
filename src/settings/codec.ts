import { createHash } from 'node:crypto'
import type { DocumentRef, Row } from '../consistency/document-rows.ts'
import type { CodecPort } from '../consistency/ports.ts'
import { canonicalJson } from '../documents/canonical.ts'
import { documentOf } from '../documents/catalogue.ts'
import { fieldTexts } from '../documents/json/field-texts.ts'
import { JsonError, readJson } from '../documents/json/read.ts'
import { isJsonObject, type JsonObject } from '../documents/json.ts'
import { DEFAULTS_REF } from './document-refs.ts'
import type { DocumentAddress } from './service.ts'
import { storedData } from './stored-document.ts'

/** The names of Redis keys that the codec needs. */
export interface DocumentKeys {
  readonly view: string
  readonly defaults: string
  readonly defaultsHash: string
  user(userId: string, suffix: string): string
  stamp(userId: string): string
  tombstone(userId: string): string
}

/**
 * Documents as Redis holds them: the envelope that a GET answers, byte for byte. `data` is written in canonical
 * form, so that the bytes are the same whether they come from a write or from a row.
 */
export function createCodec(names: DocumentKeys): CodecPort {
  return {
    keys: ref => keysOf(names, ref),
    viewKey: names.view,
    stampKey: userId => names.stamp(userId),
    tombstoneKey: userId => names.tombstone(userId),
    encode,
  }
}

const suffixesOf = new Map<string, readonly string[]>()

function keysOf(names: DocumentKeys, { userId, kind }: DocumentRef): readonly string[] {
  if (kind === DEFAULTS_REF.kind) return [names.defaults, names.defaultsHash]
  let suffixes = suffixesOf.get(kind)
  if (suffixes === undefined) {
    suffixes = documentOf(kind).keySuffixes.map(({ suffix }) => suffix)
    suffixesOf.set(kind, suffixes)
  }
  return suffixes.map(suffix => names.user(userId, suffix))
}

/** After a write both the cache and the answer need the bytes of the row. */
const encoded = new WeakMap<Row, readonly Buffer[]>()

/** The bytes for each key of the row's document. The row is not deleted. */
export function encode(row: Row): readonly Buffer[] {
  let parts = encoded.get(row)
  if (parts === undefined) {
    parts = partsOf(row)
    encoded.set(row, parts)
  }
  return parts
}

function partsOf(row: Row): readonly Buffer[] {
  const textOf = textsIn(row)
  if (row.ref.kind === DEFAULTS_REF.kind) {
    const text = textOf(undefined)
    return [envelope(row, text), Buffer.from(defaultsHash(text))]
  }
  return documentOf(row.ref.kind).keySuffixes.map(({ section }) => envelope(row, textOf(section)))
}

/** The canonical JSON of the row's data, and of each section. What a write stored is not parsed and written out again. */
function textsIn(row: Row): (section: string | undefined) => string {
  if (row.isCanonical === true) {
    const whole = row.data ?? '{}'
    let fields: ReadonlyMap<string, string> | undefined
    return section => {
      if (section === undefined) return whole
      fields ??= fieldTexts(whole)
      return fields.get(section) ?? '{}'
    }
  }
  const data = storedData(row)
  return section => canonicalJson(section === undefined ? data : (data[section] ?? {}))
}

function envelope({ version, updatedAt }: Row, data: string): Buffer {
  return Buffer.from(`{"version":${version},"updated_at":"${updatedAt}","data":${data}}`)
}

/** MD5 (hex), as in `admin:defaults:hash`: it identifies the defaults and protects nothing. */
export function defaultsHash(canonical: string): string {
  return createHash('md5').update(canonical).digest('hex')
}

/** The parts of an envelope. JsonError when the bytes are something else, which an operator wrote into Redis. */
export function parseEnvelope(body: Buffer): { updatedAt: string; data: JsonObject } {
  const value = readJson(body)
  const { updated_at: updatedAt, data } = isJsonObject(value) ? value : {}
  if (typeof updatedAt !== 'string' || !isJsonObject(data))
    throw new JsonError('is no envelope of a document')
  return { updatedAt, data }
}

/** The data of an envelope. Throws as parseEnvelope does. */
export function dataOf(body: Buffer): JsonObject {
  return parseEnvelope(body).data
}

/** Which of the document's keys holds the address. */
export function partOf({ kind, section }: DocumentAddress): number {
  if (section === undefined) return 0
  return documentOf(kind).keySuffixes.findIndex(key => key.section === section)
}

/** The envelope of a row, or of one of its sections. */
export function envelopeOf(row: Row, part: number): Buffer {
  return encode(row)[part]!
}
