import type { IncomingMessage } from 'node:http'
import type { KnownVersions, Versions } from '../../consistency/versions.ts'
import type { Precondition } from '../../settings/service.ts'
import { ProblemError } from '../problem-error.ts'

/** The versions in a conditional header. The tag of a document is its version, that of a bundle all versions: `"7.3.12"`. */
export type Condition = KnownVersions

/** One tag at the start of a list's rest. Commas and backslashes are characters like any other (RFC 9110, 8.8.3). */
const TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?:,|$)/
/** Parsed headers are remembered, because a caller that polls sends the same one each time. Short headers only. */
const MAX_REMEMBERED = 2_000
const MAX_REMEMBERED_LENGTH = 128
const remembered = new Map<string, Condition>()

export function entityTag(versions: Versions): string {
  return `"${versions.join('.')}"`
}

/** Parses If-None-Match. Tags of other servers match nothing; weak and strong are equal here (RFC 9110, 13.1.2). */
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
  return versionsIn(tagsOf(header) ?? [])
}

/**
 * If-Match and If-None-Match of a write. A weak tag never matches If-Match (RFC 9110, 13.1.1). VALIDATION_FAILED when either
 * cannot be parsed, because an ignored condition would let the write pass.
 */
export function preconditionOf({ headers }: Pick<IncomingMessage, 'headers'>): Precondition {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers
  if (match === undefined && noneMatch === undefined) return {}
  return {
    ifMatch: parseStrictly('If-Match', match, tags => tags.filter(({ weak }) => !weak)),
    ifNoneMatch: parseStrictly('If-None-Match', noneMatch, tags => tags),
  }
}

function parseStrictly(
  name: string,
  header: string | undefined,
  select: (tags: Tag[]) => Tag[],
): Condition | undefined {
  if (header === undefined) return undefined
  if (header.trim() === '*') return '*'
  const tags = tagsOf(header)
  if (tags !== undefined && tags.length > 0) return versionsIn(select(tags))
  throw new ProblemError('VALIDATION_FAILED', `${name} must be * or a list of entity tags, such as "7"`, {
    errors: [{ path: name, message: 'must be * or a list of entity tags' }],
  })
}

interface Tag {
  readonly weak: boolean
  /** Undefined when it is no tag of this gateway. */
  readonly versions: Versions | undefined
}

function versionsIn(tags: readonly Tag[]): Versions[] {
  return tags.flatMap(({ versions }) => (versions === undefined ? [] : [versions]))
}

/** Undefined when the header is no list of tags. */
function tagsOf(header: string): Tag[] | undefined {
  const tags: Tag[] = []
  let rest = header.replace(LIST_SPACE, '')
  while (rest !== '') {
    const found = TAG.exec(rest)
    if (found === null) return undefined
    const [text, weak, opaque] = found
    tags.push({ weak: weak !== undefined, versions: versionsOf(opaque!) })
    rest = rest.slice(text.length).replace(LIST_SPACE, '')
  }
  return tags
}

/** Elements of a list may be empty (RFC 9110, 5.6.1). */
const LIST_SPACE = /^[ \t,]+/

/** The versions in a tag. Undefined unless `entityTag` would write exactly this text, because tags are compared as texts. */
function versionsOf(opaque: string): Versions | undefined {
  if (!/^\d{1,16}(\.\d{1,16})*$/.test(opaque)) return undefined
  const versions = opaque.split('.').map(Number)
  return versions.join('.') === opaque ? versions : undefined
}
