import t from 'tap'
import { LogLimit } from '../../src/http/log-limit.ts'

t.test('ten lines of a kind in a second, and how many were left out', async t => {
  const limit = new LogLimit()
  const flood = Array.from({ length: 1_000 }, (_, i) => limit.take('OVERLOADED', i / 10))
  t.equal(flood.filter(line => line !== undefined).length, 10)
  t.equal(limit.take('INTERNAL_ERROR', 100), 0, 'each kind for itself')
  t.equal(limit.take('OVERLOADED', 1_000), 990)
  t.equal(limit.take('OVERLOADED', 1_000), 0)
})

t.test('a bounded number of kinds', async t => {
  const limit = new LogLimit()
  for (let i = 0; i < 5_000; i++) t.equal(limit.take(`kind ${i}`, 0), 0)
})
