import t from 'tap'
import { startStack } from '../helper/gateway.ts'

t.test('a document is read, changed and read again', async t => {
  const { gateway } = await startStack(t)
  const url = '/api/futures/ginie/modes/scalp'
  const first = await gateway.as('42', { url })
  t.equal(first.statusCode, 200)
  t.equal(first.headers.etag, '"1"')
  const put = await gateway.as('42', { method: 'PUT', url, payload: { confidence: { min_confidence: 45 } } })
  t.equal(put.statusCode, 200)
  t.equal(put.json().version, 2)
  const second = await gateway.as('42', { url })
  t.equal(second.json().data.confidence.min_confidence, 45)
  t.equal(second.headers['cache-status'], 'settings-gateway; hit')
  t.equal((await gateway.as('42', { url, headers: { 'if-none-match': '"2"' } })).statusCode, 304)
})
