import t from 'tap'
import { Samples } from '../../src/telemetry/samples.ts'
import { Transitions } from '../../src/telemetry/transitions.ts'

t.test('a sample holds what happened since the one before', async t => {
  const samples = new Samples()
  samples.readAnswered('hit')
  samples.readAnswered('miss-stored')
  samples.readAnswered('miss')
  samples.readAnswered('degraded')
  samples.readAnswered('unverified')
  for (let ms = 1; ms <= 100; ms++) samples.requestAnswered(ms, ms === 100 ? 503 : 200)
  samples.take()
  samples.take()
  const [first, second] = samples.list()
  t.match(first, { requests: 100, errors: 1, hits: 1, misses: 2, bypasses: 1, unverified: 1 })
  t.ok(Math.abs(first!.p50_ms! - 50) <= 1, `p50 is ${first!.p50_ms}`)
  t.ok(Math.abs(first!.p99_ms! - 99) <= 1, `p99 is ${first!.p99_ms}`)
  t.match(second, { requests: 0, hits: 0, p50_ms: null, p99_ms: null })
})

t.test('what is kept is bounded: the oldest go first', async t => {
  const samples = new Samples()
  const transitions = new Transitions()
  for (let index = 0; index < 1_000; index++) {
    samples.requestAnswered(1, 200)
    samples.take()
    transitions.add({ subject: 'view', state: 'off', detail: String(index) })
  }
  t.equal(samples.list().length, 180)
  t.equal(transitions.list().length, 100)
  t.equal(transitions.list()[0]?.detail, '999')
  t.equal(transitions.list().at(-1)?.detail, '900')
})
