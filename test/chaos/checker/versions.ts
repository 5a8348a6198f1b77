import { describe, type History, type Operation, type SeenDocument, type Violation } from '../history.ts'
import { entryOf } from './highest.ts'
import { documentId } from './reads.ts'
import type { Transaction } from './transactions.ts'

/** two-values: each version of a document (or section) belongs to one value, whoever answers it. */
export function checkValues({ operations }: History): Violation[] {
  const values = new Map<string, string>()
  return eachSeen(operations, (operation, { kind, section, version, value }) => {
    // A change by hand does not tell the bytes.
    if (operation.gateway < 0) return undefined
    const known = entryOf(values, `${documentId(operation.user, kind)}\n${section}\n${version}`, () => value)
    return known === value
      ? undefined
      : violation('two-values', `${kind}@${version} has two contents`, operation)
  })
}

/** unwritten-version: nobody stored it. future-read: seen before its write began. */
export function checkOrigins(
  { operations, stored }: History,
  transactions: readonly Transaction[],
): Violation[] {
  const origins = new Map<string, Operation | undefined>()
  for (const { user, kind, version } of stored)
    origins.set(`${documentId(user, kind)}\n${version}`, undefined)
  for (const { user, versions, operation } of transactions) {
    for (const [kind, version] of versions) origins.set(`${documentId(user, kind)}\n${version}`, operation)
  }
  return eachSeen(operations, (operation, { kind, version }) => {
    const { user, end, gateway } = operation
    const id = `${documentId(user, kind)}\n${version}`
    if (!origins.has(id))
      return violation('unwritten-version', `${kind}@${version} is not in the history table`, operation)
    const origin = origins.get(id)
    if (gateway < 0 || origin === undefined || origin.start <= end) return undefined
    return violation('future-read', `${kind}@${version} before it was written`, operation)
  })
}

/** lost-write: acknowledged, and not in the history table with its content. duplicate-version: acknowledged twice. */
export function checkWrites(
  { operations, stored }: History,
  transactions: readonly Transaction[],
): Violation[] {
  const rows = new Map(stored.map(row => [`${documentId(row.user, row.kind)}\n${row.version}`, row]))
  const loaded = new Set(transactions.map(({ operation }) => operation))
  const owners = new Map<string, Operation>()
  const violations: Violation[] = []
  for (const operation of operations) {
    if (operation.outcome !== 'ok') continue
    if (operation.type === 'load-defaults' && (operation.changed ?? 0) > 0 && !loaded.has(operation)) {
      violations.push(
        violation('lost-write', `${operation.changed} changes are in no transaction`, operation),
      )
    }
    if (operation.type !== 'write') continue
    for (const { kind, version } of operation.documents) {
      const id = `${documentId(operation.user, kind)}\n${version}`
      if (!rows.get(id)?.marks.includes(operation.mark)) {
        violations.push(violation('lost-write', `${kind}@${version} is not in the history table`, operation))
      }
      if (entryOf(owners, id, () => operation) !== operation) {
        violations.push(
          violation('duplicate-version', `${kind}@${version} was acknowledged twice`, operation),
        )
      }
    }
  }
  return violations
}

/** Versions of a database that was set back begin anew above this, far above those of one that was not. */
const FIRST_BASE = 1_000_000_000_000_000

/** version-gap: versions grow by one, but for the first of a new incarnation of the database. written-twice: a write that was carried out more than once. */
export function checkStored({ stored }: History): Violation[] {
  const documents = new Map<string, { version: number; marks: Set<string>; seen: Set<string> }>()
  const violations: Violation[] = []
  for (const row of [...stored].sort((a, b) => a.version - b.version)) {
    const name = `${row.user} ${row.kind}@${row.version}`
    const last = entryOf(documents, documentId(row.user, row.kind), () => ({
      version: 0,
      marks: new Set<string>(),
      seen: new Set<string>(),
    }))
    const isNewBase = row.version >= FIRST_BASE && row.version % 1_000_000 <= 1
    if (row.version !== last.version + 1 && !isNewBase) {
      violations.push({ rule: 'version-gap', message: `${name} follows ${last.version}` })
    }
    for (const mark of row.marks) {
      // The end of a scheduled change brings the mark before it back.
      if (mark !== '' && last.seen.has(mark) && !last.marks.has(mark) && row.reason !== 'schedule') {
        violations.push({ rule: 'written-twice', message: `${mark} again in ${name}` })
      }
      last.seen.add(mark)
    }
    last.version = row.version
    last.marks = new Set(row.marks)
  }
  return violations
}

function eachSeen(
  operations: readonly Operation[],
  look: (operation: Operation, seen: SeenDocument) => Violation | undefined,
): Violation[] {
  const violations: Violation[] = []
  for (const operation of operations) {
    if (operation.outcome !== 'ok') continue
    for (const seen of operation.documents) {
      const found = look(operation, seen)
      if (found !== undefined) violations.push(found)
    }
  }
  return violations
}

function violation(rule: string, message: string, operation: Operation): Violation {
  return { rule, message: `${message}: ${describe(operation)}` }
}
