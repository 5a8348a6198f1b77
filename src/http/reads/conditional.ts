import type { IncomingMessage } from 'node:http'
import type { KnownVersions, Versions } from '../../consistency/versions.ts'
import type { Precondition } from '../../settings/service.ts'
import { ProblemError } from '../problem-error.ts'

/** What a conditional header asks for. Tags of documents are their versions, of bundles all versions: `"7.3.12"`. */
export type Condition = KnownVersions

/** One tag at the start of a list's rest. Commas and backslashes are characters like any other (RFC 9110, 8.8.3). */
const TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?:,|$)/
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
  return ours(tagsOf(header) ?? [])
}

/**
 * If-Match and If-None-Match of a write. A weak tag never matches the first (RFC 9110, 13.1.1). VALIDATION_FAILED when
 * either is garbage: a condition that was not understood must not let a write pass.
 */
export function preconditionOf({ headers }: Pick<IncomingMessage, 'headers'>): Precondition {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers
  if (match === undefined && noneMatch === undefined) return {}
  return {
    ifMatch: strict('If-Match', match, tags => tags.filter(({ weak }) => !weak)),
    ifNoneMatch: strict('If-None-Match', noneMatch, tags => tags),
  }
}

function strict(
  name: string,
  header: string | undefined,
  select: (tags: Tag[]) => Tag[],
): Condition | undefined {
  if (header === undefined) return undefined
  if (header.trim() === '*') return '*'
  const tags = tagsOf(header)
  if (tags !== undefined && tags.length > 0) return ours(select(tags))
  throw new ProblemError('VALIDATION_FAILED', `${name} must be * or a list of entity tags, such as "7"`, {
    errors: [{ path: name, message: 'must be * or a list of entity tags' }],
  })
}

interface Tag {
  readonly weak: boolean
  /** Undefined when it is no tag of this gateway. */
  readonly versions: Versions | undefined
}

function ours(tags: readonly Tag[]): Versions[] {
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

/** Tags are compared as texts: only what `entityTag` writes of a version is that version. */
function versionsOf(opaque: string): Versions | undefined {
  if (!/^\d{1,16}(\.\d{1,16})*$/.test(opaque)) return undefined
  const versions = opaque.split('.').map(Number)
  return versions.join('.') === opaque ? versions : undefined
}
