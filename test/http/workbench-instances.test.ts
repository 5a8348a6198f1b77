import t from 'tap'
// @ts-expect-error: a module of the page, without types
import * as words from '../../src/http/ops/lib/instances.js'

const INSTANCE = {
  ...{ alive: true, host: 'gateway-1', port: 8080, pid: 7, version: '1.0.0', state: 'ready' },
  ...{ lease_held: true, breaker: 'closed', seen_ms_ago: 1_250 },
  reads: { hits: 9_999, misses: 1, bypasses: 0, unverified: 0 },
}
const warnings = (instances: readonly object[], source = 'database') =>
  words.warningsOf({ source, instances })

t.test('instances that are well', async t => {
  t.same(warnings([INSTANCE, { ...INSTANCE, host: 'gateway-2' }]), [])
  t.equal(words.stateWords(INSTANCE).text, 'ready')
  t.equal(words.answersWords(INSTANCE), 'from the cache')
  t.match(words.readsWords(INSTANCE), /99\.9 % from the cache$/, 'not rounded to all')
  t.equal(words.seenWords(INSTANCE), '1 s ago')
})

t.test('one that is not seen, and an upgrade halfway', async t => {
  const gone = { ...INSTANCE, alive: false, host: 'gateway-2', version: '0.9.0', seen_ms_ago: 300_000 }
  t.match(
    warnings([INSTANCE, gone]),
    [/^gateway-2:8080 was last seen 5 min ago/],
    'its version counts no more',
  )
  t.match(words.stateWords(gone), { tone: 'high', text: 'not seen' })
  t.equal(words.answersWords(gone), 'not known')
  t.match(warnings([INSTANCE, { ...gone, alive: true }]), [/^2 versions run at once \(0\.9\.0, 1\.0\.0\)/])
})

t.test('without PostgreSQL, without Redis, before it listens', async t => {
  const alone = { ...INSTANCE, seen_ms_ago: null, port: null, lease_held: false, breaker: null }
  t.match(warnings([alone], 'self'), [/the other instances are not known/])
  t.equal(words.seenWords(alone), 'now')
  t.equal(words.nameOf(alone), 'gateway-1 (process 7)')
  t.match(words.answersWords(alone), /no Redis/)
  t.match(words.answersWords({ ...alone, breaker: 'open' }), /right, and slower/)
  t.equal(words.readsWords({ reads: { hits: 0, misses: 0, bypasses: 0, unverified: 0 } }), 'none yet')
})
