import t from 'tap'
import { refId } from '../../src/consistency/batch-reader.ts'
import type { Row } from '../../src/consistency/document-rows.ts'
import type { Writer } from '../../src/consistency/write.ts'
import { DocumentWrites, type DocumentWritesDeps } from '../../src/settings/document-writes.ts'
import { onServer } from '../helper/backends.ts'
import { startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

t.test('a write behind a change of the defaults decides with the new ones', async t => {
  const { gateway } = await startStack(t)
  await gateway.as('42', { url: SCALP })
  const put = (min_confidence: number) =>
    gateway.as('42', { method: 'PUT', url: SCALP, payload: { confidence: { min_confidence } } })
  t.equal((await put(31)).statusCode, 200)
  // A version that an older gateway stored lacks a field: a rollback to it completes it from the defaults.
  await onServer(gateway.databaseUrl, client =>
    client.query(
      `UPDATE document_history SET data = data #- '{size,leverage}' WHERE kind = 'mode.scalp' AND version = 1`,
    ),
  )
  const changed = await gateway.app.inject({
    method: 'PUT',
    url: '/api/admin/defaults',
    headers: ADMIN,
    payload: { mode_configs: { scalp: { size: { leverage: 7 } } } },
  })
  t.equal(changed.statusCode, 200)
  const back = await gateway.as('42', { method: 'POST', url: `${SCALP}/rollback`, payload: { version: 1 } })
  t.equal(back.statusCode, 200)
  t.equal(back.json().data.size.leverage, 7)
})

t.test('the same version of another time is another document', async t => {
  const row = (updatedAt: string, data: string): Row => ({
    ref: { userId: '42', kind: 'settings' },
    version: 7,
    updatedAt,
    data,
  })
  const decided: unknown[] = []
  // As when the first rows were remembered, and the database was set back since.
  const write: Writer['write'] = async (_refs, decide) => {
    for (const each of [
      row('2026-01-06T12:00:00.000Z', '{"a":1}'),
      row('2026-01-06T12:00:01.000Z', '{"a":2}'),
    ])
      decide(new Map([[refId(each.ref), each]]))
    return { result: undefined as never, rows: [] }
  }
  const writes = new DocumentWrites({
    writer: { write, writeMany: write },
    limits: { userBytes: 1_000_000 },
  } as unknown as DocumentWritesDeps)
  await writes.write({ userId: '42', caller: '42' }, ['settings'], 'put', ([document]) => {
    decided.push(document!.data)
    return { changes: [], result: undefined }
  })
  t.strictSame(decided, [{ a: 1 }, { a: 2 }])
})
