/**
 * A moment in the life of a database, as one of its snapshots saw it: which transactions had committed. It is the
 * `id` of an event, so that a listener who comes back is told exactly the changes of the transactions that were not
 * in it, in whichever order those became visible.
 */
export interface ChangePoint {
  /** The incarnation of the database, 8 hex digits: transaction ids of another one mean nothing here. */
  readonly database: string
  /** Transactions with this id or a later one had not begun. */
  readonly next: bigint
  /** Earlier ones that were still under way. */
  readonly running: readonly bigint[]
}

/** Ids come back from clients: the gateway makes no longer ones. */
const MAX_TEXT_LENGTH = 4_096
const TEXT = /^([0-9a-f]{8})-(\d{1,20})(?:-(\d{1,20}(?:,\d{1,20})*))?$/

/** True when a change by transaction `xid` had been seen at this point. */
export function includes({ next, running }: ChangePoint, xid: bigint): boolean {
  return xid < next && !running.includes(xid)
}

/** `3f2a9c01-1042`, with running transactions `3f2a9c01-1042-1030,1035`. */
export function pointText({ database, next, running }: ChangePoint): string {
  return `${database}-${next}${running.length === 0 ? '' : `-${running.join(',')}`}`
}

/** Undefined when the text is no point. */
export function parsePoint(text: string): ChangePoint | undefined {
  const [, database, next, running] = (text.length <= MAX_TEXT_LENGTH && TEXT.exec(text)) || []
  if (database === undefined || next === undefined) return undefined
  return { database, next: BigInt(next), running: running?.split(',').map(BigInt) ?? [] }
}
