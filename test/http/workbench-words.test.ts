import t from 'tap'
// @ts-expect-error: a module of the page, without types
import * as words from '../../src/http/ops/lib/words.js'
import { noLeaseReasons, offReasons } from '../helper/off-reasons.ts'

t.test('operators read words for every reason why the cache is off', async t => {
  const reasons = [...offReasons(), ...noLeaseReasons()]
  t.ok(reasons.length >= 20, reasons.join())
  for (const reason of reasons) {
    t.not(words.fastReadsReason(reason), reason)
    t.notMatch(words.fastReadsReason(reason), /\b(view|epoch|fenced?|lease|marker)\b/i, reason)
  }
})

t.test('a warning that names a reason', async t => {
  t.match(
    words.warningWords('the cache is not trusted yet (redis-lost-view)'),
    /right, and slower.*lost data/,
  )
  t.equal(words.warningWords('Redis is not usable'), 'Redis is not usable.')
})
