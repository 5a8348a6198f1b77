import { describe, type History, type Operation, overlaps, type Violation } from '../history.ts'
import { entryOf, Highest } from './highest.ts'
import type { Transaction } from './transactions.ts'

const UNVERIFIED = 'hit; detail=unverified'

/** A document of a user in maps. */
export function documentId(user: string, kind: string): string {
  return `${user}\n${kind}`
}

/**
 * While PostgreSQL is away the contract lets cached documents be served, marked as unverified: these may be old. A
 * machine without time for it, or for the gateway, is the same. An answer with that mark while nothing was done to
 * PostgreSQL is held to the promise like any other.
 */
function mayBeOld(operation: Operation, { windows }: History): boolean {
  return operation.cache === UNVERIFIED && overlaps(windows, operation, 'postgres', 'machine')
}

/**
 * stale-read: a read returns at least the highest version acknowledged, or told by a write without a change, before it began. torn-read: several documents
 * in one answer are of one moment, so that moment is not before the beginning of any write it shows. backwards-read:
 * nor does it return less than a read that ended before it began.
 */
export function checkReads(history: History, transactions: readonly Transaction[]): Violation[] {
  const acknowledged = acknowledgements(history, transactions)
  const begun = beginnings(transactions)
  const read = new Map<string, Highest>()
  const byHand = new Set(
    history.stored
      .filter(row => row.reason === 'sql')
      .map(row => `${documentId(row.user, row.kind)}\n${row.version}`),
  )
  const reads = history.operations.filter(
    each => each.type === 'read' && each.outcome === 'ok' && !mayBeOld(each, history),
  )
  for (const { user, documents, end } of reads) {
    for (const { kind, version } of documents) {
      const id = documentId(user, kind)
      // An edit by hand may be seen by some a lease earlier than by others.
      if (!byHand.has(`${id}\n${version}`)) entryOf(read, id, () => new Highest()).add(end, version)
    }
  }
  const violations: Violation[] = []
  for (const operation of reads) {
    const { user, documents, start } = operation
    const moment = Math.max(
      start,
      ...documents.map(({ kind, version }) => begun.get(`${documentId(user, kind)}\n${version}`) ?? start),
    )
    for (const { kind, version } of documents) {
      const id = documentId(user, kind)
      const say = (rule: string, least: number | undefined) => {
        if (least === undefined || version >= least) return false
        violations.push({
          rule,
          message: `${kind}@${version} where ${least} was due: ${describe(operation)}`,
        })
        return true
      }
      if (say('stale-read', acknowledged.get(id)?.before(start))) continue
      if (say('torn-read', acknowledged.get(id)?.before(moment))) continue
      say('backwards-read', read.get(id)?.before(start))
    }
  }
  return violations
}

/** For each document, when which version was acknowledged. */
function acknowledgements(
  { operations }: History,
  transactions: readonly Transaction[],
): ReadonlyMap<string, Highest> {
  const acknowledged = new Map<string, Highest>()
  const add = (user: string, kind: string, end: number, version: number) =>
    entryOf(acknowledged, documentId(user, kind), () => new Highest()).add(end, version)
  for (const { type, outcome, user, documents, end } of operations) {
    // What a write without a change tells counts as well.
    if ((type !== 'write' && type !== 'write-nothing') || outcome !== 'ok') continue
    for (const { kind, version } of documents) add(user, kind, end, version)
  }
  for (const { user, versions, operation } of transactions) {
    if (operation?.type !== 'load-defaults' || operation.outcome !== 'ok') continue
    for (const [kind, version] of versions) add(user, kind, operation.end, version)
  }
  return acknowledged
}

/** When the operation began that made a version. */
function beginnings(transactions: readonly Transaction[]): ReadonlyMap<string, number> {
  const begun = new Map<string, number>()
  for (const { user, versions, operation } of transactions) {
    if (operation === undefined) continue
    for (const [kind, version] of versions)
      begun.set(`${documentId(user, kind)}\n${version}`, operation.start)
  }
  return begun
}

/** torn-bundle: what one transaction changed is seen whole or not at all. */
export function checkBundles({ operations }: History, transactions: readonly Transaction[]): Violation[] {
  const byUser = new Map<string, Transaction[]>()
  for (const each of transactions) if (each.versions.size > 1) entryOf(byUser, each.user, () => []).push(each)
  const violations: Violation[] = []
  for (const operation of operations) {
    if (operation.documents.length < 2 || operation.outcome !== 'ok') continue
    for (const { versions } of byUser.get(operation.user) ?? []) {
      const touched = operation.documents.filter(({ kind }) => versions.has(kind))
      const included = touched.filter(({ kind, version }) => version >= versions.get(kind)!)
      if (included.length === 0 || included.length === touched.length) continue
      const missing = touched.find(each => !included.includes(each))!
      violations.push({
        rule: 'torn-bundle',
        message: `${included[0]!.kind}@${included[0]!.version} but ${missing.kind}@${missing.version}: ${describe(operation)}`,
      })
    }
  }
  return violations
}
