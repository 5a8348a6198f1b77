import { readJson } from '../documents/json/read.ts'
import type { BulkProgress } from './bulk-ports.ts'
import type { BulkAnswer } from './bulk-service.ts'

/** A bulk change as callers see it. */
export function answerOf(bulk: BulkProgress): BulkAnswer {
  const { state, reverts, endedAt, failure, total, refused, runningMs } = bulk
  const done = bulk.done + bulk.unchanged
  const settled = done + refused
  const etaMs =
    state !== 'running'
      ? 0
      : !bulk.listed || runningMs === null || settled === 0
        ? null
        : (runningMs * (total - settled)) / settled
  return {
    id: bulk.id,
    state,
    document: bulk.kind,
    ...(bulk.data === '' ? {} : { data: readJson(bulk.data) }),
    where: bulk.where,
    reason: bulk.reason,
    ...(reverts === null ? {} : { reverts }),
    created_by: bulk.createdBy,
    created_at: bulk.createdAt,
    ...(endedAt === null ? {} : { ended_at: endedAt }),
    listed: bulk.listed,
    total,
    done,
    unchanged: bulk.unchanged,
    refused_total: refused,
    eta_ms: etaMs === null ? null : Math.round(etaMs),
    ...(failure === null ? {} : { failure }),
  }
}
