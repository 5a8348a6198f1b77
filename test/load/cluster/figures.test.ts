import t from 'tap'
import { type Answer, figuresOf } from './figures.ts'

/** Reads of a user that begin at these moments and take a millisecond. */
const reads = (user: string, hit: boolean, ...starts: number[]): Answer[] =>
  starts.map(start => ({ user, hit, start, end: start + 1 }))

t.test('hits of the others, and until the moved ones are hits again', async t => {
  const figures = figuresOf(
    [
      // Before the first change nothing counts.
      ...[...reads('other', false, 5), ...reads('other', true, 20, 30, 60), ...reads('other', false, 70)],
      ...[...reads('moved', true, 10), ...reads('moved', false, 25, 45, 55), ...reads('moved', true, 62, 90)],
      ...[...reads('late', true, 10, 50), ...reads('late', false, 80), ...reads('late', true, 85)],
      // Nor after the last change is over.
      ...reads('other', false, 500),
    ],
    [
      { users: ['moved'], from: 20, done: 40 },
      { users: ['late'], from: 40, done: 60 },
    ],
  )
  t.strictSame(figures, {
    changedUsers: 2,
    otherUsers: 1,
    hitShareOfOthers: 3 / 4,
    hitsAgainMs: [23, 26],
  })
})

t.test('a user that is a hit all the time, and one that never is again', async t => {
  const change = { from: 10, done: 20 }
  t.strictSame(figuresOf(reads('a', true, 15, 25), [{ ...change, users: ['a'] }]), {
    ...{ changedUsers: 1, otherUsers: 0, hitShareOfOthers: 1, hitsAgainMs: [0] },
  })
  for (const answers of [reads('a', false, 15, 25), []]) {
    const { hitsAgainMs } = figuresOf(answers, [{ ...change, users: ['a'] }])
    t.strictSame(hitsAgainMs, [Number.POSITIVE_INFINITY])
  }
})
