import type { StoredReply } from '../../sequence/ports.ts'
import { runReadCommitted } from '../read-committed.ts'
import type { Queryable } from './documents.ts'

/** How long an Idempotency-Key is remembered. Retention removes what is older (delete_old_rows of 008.do.retention.sql). */
const KEPT = `interval '10 minutes'`

/** Undefined when the key is not known, or no longer. */
export async function selectReply(
  db: Queryable,
  userId: string,
  key: string,
): Promise<StoredReply | undefined> {
  const { rows } = await db.query<StoredReply>({
    name: 'select-sequence-reply',
    text: `SELECT wanted, reply::text AS reply FROM sequence_replies
           WHERE user_id = $1 AND idempotency_key = $2 AND created_at > clock_timestamp() - ${KEPT}`,
    values: [userId, key],
  })
  return rows[0]
}

/** Remembers a reply unless another instance did meanwhile; resolves to the one that is remembered. */
export async function rememberReply(
  db: Queryable,
  userId: string,
  key: string,
  { wanted, reply }: StoredReply,
): Promise<StoredReply> {
  const rows = await runReadCommitted<StoredReply>(db, {
    name: 'remember-sequence-reply',
    text: `INSERT INTO sequence_replies AS r (user_id, idempotency_key, wanted, reply) VALUES ($1, $2, $3, $4)
           ON CONFLICT (user_id, idempotency_key) DO UPDATE SET
             wanted = CASE WHEN r.created_at > clock_timestamp() - ${KEPT} THEN r.wanted ELSE excluded.wanted END,
             reply = CASE WHEN r.created_at > clock_timestamp() - ${KEPT} THEN r.reply ELSE excluded.reply END,
             created_at = CASE WHEN r.created_at > clock_timestamp() - ${KEPT} THEN r.created_at ELSE excluded.created_at END
           RETURNING wanted, reply::text AS reply`,
    values: [userId, key, String(wanted), reply],
  })
  return rows[0]!
}
