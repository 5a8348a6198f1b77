import { viewOfUser } from './documents.ts'
import type { LockMode } from './postgres-locks.ts'
import type { Session } from './postgres-session.ts'

// Both levels of the VIEW lock, in the order of `lock_views_shared` and `lock_one_view` of the migrations.

/** For what is written of these users: the partitions in ascending order. */
export async function lockViewsOf(session: Session, userIds: readonly string[]): Promise<void> {
  await lockAllViews(session, 'shared')
  const views = new Set(userIds.map(viewOfUser))
  for (const view of [...views].sort((a, b) => a - b)) await session.lock(partition(view), 'shared')
}

/** For the OFF or the gate of one view. */
export async function lockOneView(session: Session, view: number, mode: LockMode): Promise<void> {
  await lockAllViews(session, view === 0 ? mode : 'shared')
  if (view > 0) await session.lock(partition(view), mode)
}

/** The first level: exclusively for what changes several views. */
export async function lockAllViews(session: Session, mode: LockMode): Promise<void> {
  await session.lock('view', mode)
}

function partition(view: number): string {
  return `view ${view}`
}
