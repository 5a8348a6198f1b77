import type { TestGateway } from '../helper/gateway.ts'
import { ask, type TestReply, type TestRequest } from '../helper/request.ts'
import { ADMIN } from '../helper/tokens.ts'

export const SCALP = '/api/futures/ginie/modes/scalp'
export const SWING = '/api/futures/ginie/modes/swing'
export const DECISION = '/api/futures/ginie/decision-settings'

/** Reads and writes of users, and versions that were stored at times of their own. */
export function pastOf(gateway: TestGateway) {
  const { pool } = gateway.services
  const put = (userId: string, url: string, payload: object) =>
    gateway.as(userId, { method: 'PUT', url, payload })
  return {
    get: (userId: string, url: string, headers: Record<string, string> = {}): Promise<TestReply> =>
      gateway.as(userId, { url, headers }),
    put,
    leverage: (userId: string, value: number) => put(userId, SCALP, { size: { leverage: value } }),
    admin: (options: TestRequest) => ask(gateway.url, { ...options, headers: ADMIN }),

    async setTime(userId: string, version: number, time: string): Promise<void> {
      await pool.query(
        `UPDATE document_history SET updated_at = $3
         WHERE user_id = $1 AND kind = 'mode.scalp' AND version = $2`,
        [userId, version, time],
      )
    },

    /** As if the user had been created then. */
    async setCreated(userId: string, time: string): Promise<void> {
      const client = await pool.connect()
      await client.query(`SELECT set_config('gateway.writer', 'on', false)`)
      await client.query('UPDATE documents SET created_at = $2 WHERE user_id = $1', [userId, time])
      await client.query(`SELECT set_config('gateway.writer', 'off', false)`)
      client.release()
      await pool.query('UPDATE document_history SET updated_at = $2 WHERE user_id = $1 AND version = 1', [
        userId,
        time,
      ])
    },
  }
}
