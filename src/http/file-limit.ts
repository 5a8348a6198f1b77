/** What the process opens besides connections of callers and stores: Node's own, the log, DNS, issuer and collector. */
const OTHER_FILES = 64
/** Files of the pages under way at once (pages.ts). */
export const MAX_PAGE_FILES = 64
/** Even where hardly any file may be opened, health checks get in. */
const FEWEST_CONNECTIONS = 16

/** The soft limit of open files as it is now: Node raises it to the hard one when it starts. Infinity = none, or unknown. */
export function openFileLimit(): number {
  const { report } = process
  const { excludeNetwork } = report as { excludeNetwork?: boolean }
  // It would look up the name of every peer.
  Object.assign(report, { excludeNetwork: true })
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } }
  Object.assign(report, { excludeNetwork })
  const soft = Number(userLimits?.open_files?.soft)
  return Number.isFinite(soft) ? soft : Number.POSITIVE_INFINITY
}

/**
 * Connections of callers that may be open at once: `wanted` (0 = as many as possible), and never so many that the process
 * runs out of files. `storeConnections`: those to PostgreSQL and Redis.
 */
export function connectionLimit(
  wanted: number,
  storeConnections: number,
  fileLimit = openFileLimit(),
): number {
  const possible = Math.max(FEWEST_CONNECTIONS, fileLimit - storeConnections - OTHER_FILES - MAX_PAGE_FILES)
  return wanted === 0 ? possible : Math.min(wanted, possible)
}
