import type { HandoverKind, HandoverReply, HandoverRequest } from '../../consistency/handover.ts'
import { runReadCommitted } from '../read-committed.ts'
import type { Queryable } from './documents.ts'

/** No instance waits longer for a reply; what is older is removed. */
const KEPT = `interval '10 seconds'`

/** Leaves requests for the instances that hold a lease of `view` at `epoch`. */
export async function insertHandovers(
  db: Queryable,
  view: number,
  epoch: number,
  requests: readonly HandoverRequest[],
): Promise<void> {
  await runReadCommitted(db, {
    name: 'insert-handovers',
    text: `INSERT INTO handovers (id, epoch, view, kind, request)
           SELECT id, $1::bigint, $5::integer, kind, request::jsonb
           FROM unnest($2::text[], $3::text[], $4::text[]) AS r (id, kind, request)`,
    values: [
      String(epoch),
      requests.map(({ id }) => id),
      requests.map(({ kind }) => kind),
      requests.map(({ request }) => JSON.stringify(request)),
      String(view),
    ],
  })
}

/** Takes the replies to some of `ids` away, as far as they are there. */
export async function takeReplies(db: Queryable, ids: readonly string[]): Promise<HandoverReply[]> {
  return runReadCommitted<HandoverReply>(db, {
    name: 'take-handover-replies',
    text: 'DELETE FROM handovers WHERE id = ANY ($1::text[]) AND reply IS NOT NULL RETURNING id, reply',
    values: [ids],
  })
}

/** Takes requests to `view` at `epoch` that no other instance has taken. */
export async function takeHandovers(
  db: Queryable,
  view: number,
  epoch: number,
  limit: number,
): Promise<HandoverRequest[]> {
  return runReadCommitted<{ id: string; kind: HandoverKind; request: unknown }>(db, {
    name: 'take-handovers',
    text: `UPDATE handovers SET taken = true
           WHERE id IN (
             SELECT id FROM handovers WHERE NOT taken AND view = $3 AND epoch = $1 ORDER BY asked_at LIMIT $2 FOR UPDATE SKIP LOCKED)
           RETURNING id, kind, request`,
    values: [String(epoch), String(limit), String(view)],
  })
}

/** Leaves the replies, and removes those that no instance waits for any more. */
export async function answerHandovers(db: Queryable, replies: readonly HandoverReply[]): Promise<void> {
  await runReadCommitted(db, {
    name: 'answer-handovers',
    text: `WITH old AS (DELETE FROM handovers WHERE asked_at < clock_timestamp() - ${KEPT})
           UPDATE handovers AS h SET reply = r.reply::jsonb
           FROM unnest($1::text[], $2::text[]) AS r (id, reply) WHERE h.id = r.id`,
    values: [replies.map(({ id }) => id), replies.map(({ reply }) => JSON.stringify(reply))],
  })
}
