import type { KnownVersions, Versions } from '../consistency/versions.ts'
import { ProblemError } from '../errors.ts'

/** What a conditional header asks for. Tags of documents are their versions, of bundles all versions: `"7.3.12"`. */
export type Condition = KnownVersions

const TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/
const MAX_TAGS = 100
/** A caller that polls sends the same header each time: what it means is remembered, short headers only. */
const MAX_REMEMBERED = 2_000
const MAX_REMEMBERED_LENGTH = 128
const remembered = new Map<string, Condition>()

export function entityTag(versions: Versions): string {
  return `"${versions.join('.')}"`
}

/** If-None-Match. Tags that are not ours match nothing; weak and strong are equal here (RFC 9110, 13.1.2). */
export function parseIfNoneMatch(header: string | undefined): Condition | undefined {
  if (header === undefined) return undefined
  const known = remembered.get(header)
  if (known !== undefined) return known
  const condition = conditionIn(header)
  if (header.length <= MAX_REMEMBERED_LENGTH) {
    if (remembered.size >= MAX_REMEMBERED) remembered.clear()
    remembered.set(header, condition)
  }
  return condition
}

function conditionIn(header: string): Condition {
  if (header.trim() === '*') return '*'
  return tagsOf(header).flatMap(({ versions }) => (versions === undefined ? [] : [versions]))
}

/** If-Match of one document. A weak tag never matches (RFC 9110, 13.1.1). VALIDATION_FAILED when it is garbage. */
export function parseIfMatch(header: string | undefined): Versions | '*' | undefined {
  if (header === undefined) return undefined
  if (header.trim() === '*') return '*'
  const tags = tagsOf(header)
  if (tags.length === 0 || tags.some(({ valid }) => !valid)) {
    throw new ProblemError('VALIDATION_FAILED', 'If-Match must be a list of entity tags, such as "7"', {
      errors: [{ path: 'If-Match', message: 'must be a list of entity tags' }],
    })
  }
  return tags.flatMap(({ weak, versions }) => (weak || versions?.length !== 1 ? [] : versions))
}

interface Tag {
  readonly valid: boolean
  readonly weak: boolean
  /** Undefined when it is no tag of this gateway. */
  readonly versions: Versions | undefined
}

function tagsOf(header: string): Tag[] {
  return header
    .split(',', MAX_TAGS)
    .map(item => item.trim())
    .filter(item => item !== '')
    .map(item => {
      const [, weak, opaque] = TAG.exec(item) ?? []
      const ours = opaque !== undefined && /^\d{1,15}(\.\d{1,15})*$/.test(opaque)
      return {
        valid: opaque !== undefined,
        weak: weak !== undefined,
        versions: ours ? opaque.split('.').map(Number) : undefined,
      }
    })
}
