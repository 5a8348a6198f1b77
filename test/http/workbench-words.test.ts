import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
// @ts-expect-error: a module of the page, without types
import * as words from '../../src/http/ops/lib/words.js'
import { ROOT } from '../helper/readme.ts'

/** Why the cache may be off, as the code and the migrations say. */
function reasonsOf(): string[] {
  const code = globSync('src/consistency/*.ts', { cwd: ROOT }).flatMap(file =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .filter(line => line.includes('turnOff('))
      .flatMap(line => [...line.matchAll(/'([a-z-]+)'/g)]),
  )
  const sql = globSync('src/store/migrations/*.sql', { cwd: ROOT }).flatMap(file => [
    ...readFileSync(join(ROOT, file), 'utf8').matchAll(
      /(?:'OFF'.*|\breason = |THEN )'((?!schedule-)[a-z]+(?:-[a-z]+)+)'/g,
    ),
  ])
  return [...new Set([...code, ...sql].map(([, reason]) => reason!))]
}

t.test('operators read words for every reason why the cache is off', async t => {
  const reasons = reasonsOf()
  t.ok(reasons.length >= 10, reasons.join())
  for (const reason of [...reasons, 'redis-ahead', 'database-set-back', 'redis-unreachable']) {
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
