/** Files besides the connections of callers and stores: Node's own, the log, DNS, issuer and collector. */
const OTHER_FILES = 64
/** Files of pages that are open at once (pages.ts). */
export const MAX_PAGE_FILES = 64
/** Least connections, so that health checks succeed even where the process may hardly open a file. */
const FEWEST_CONNECTIONS = 16

/** The present soft limit of open files; Node raises it to the hard one when it starts. Infinity = none, or unknown. */
function openFileLimit(): number {
  const { report } = process
  const { excludeNetwork } = report as { excludeNetwork?: boolean }
  // With the network, the report looks up the host name of every peer.
  Object.assign(report, { excludeNetwork: true })
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } }
  Object.assign(report, { excludeNetwork })
  const soft = Number(userLimits?.open_files?.soft)
  return Number.isFinite(soft) ? soft : Number.POSITIVE_INFINITY
}

/**
 * Connections of callers that may be open at once: `wanted` (0 = as many as possible), and never so many that the process
 * runs out of files. `storeConnections` = connections to PostgreSQL and Redis.
 */
export function connectionLimit(
  wanted: number,
  storeConnections: number,
  fileLimit = openFileLimit(),
): number {
  const possible = Math.max(FEWEST_CONNECTIONS, fileLimit - storeConnections - OTHER_FILES - MAX_PAGE_FILES)
  return wanted === 0 ? possible : Math.min(wanted, possible)
}
