import t from 'tap'
import { FixedWindow } from '../../src/http/fixed-window.ts'

t.test('counts each caller for itself, and anew after the window', async t => {
  const window = new FixedWindow(2, 1_000)
  t.equal(window.take('a', 0), 0)
  t.equal(window.take('a', 400), 0)
  t.equal(window.take('a', 400), 600, 'the rest of the window')
  t.equal(window.take('b', 400), 0)
  t.equal(window.take('a', 999), 1)
  t.equal(window.take('a', 1_000), 0)
  t.equal(window.take('b', 1_000), 0)
  t.equal(window.take('b', 1_000), 400)
})

t.test('remembers a bounded number of callers, the oldest window goes first', async t => {
  const window = new FixedWindow(1, 60_000)
  for (let i = 0; i <= 10_000; i++) window.take(`caller-${i}`, i)
  t.equal(window.take('caller-0', 20_000), 0, 'forgotten')
  t.ok(window.take('caller-10000', 20_000) > 0)
})
