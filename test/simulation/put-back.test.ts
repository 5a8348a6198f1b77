import t from 'tap'
import { SOUND } from './build.ts'
import { DRAWING_DAY } from './documents.ts'
import { PostgresServer } from './postgres-server.ts'
import { Random } from './random.ts'
import { RedisServer } from './redis-server.ts'
import { SequenceChecker } from './sequence-checker.ts'
import { isPutBack, keysOf } from './sequence-scripts.ts'
import { Timeline } from './timeline.ts'

const DAY = { userId: 'u', day: DRAWING_DAY }
const [BLOCK, WITNESS] = keysOf(DAY)
const DRAWN_FROM_REDIS = { source: 'redis' } as const

t.test('only an older counter with its witness counts as put back', async t => {
  const server = new RedisServer(new Random(1))
  const set = (key: string, value: string, byHand: boolean) =>
    server.atomically(() => server.set(key, value), { byHand })
  const draw = (last: number, limit: number) => {
    set(BLOCK, `${last} ${limit} ${BLOCK} V`, false)
    set(WITNESS, String(last), false)
  }
  set('gateway:view', 'V', false)
  set(BLOCK, 'ticket 5 - 0', false)
  draw(2, 4)
  draw(7, 8)
  t.notOk(isPutBack(server, DAY), 'what the scripts wrote')
  set(BLOCK, `2 4 ${BLOCK} V`, true)
  t.notOk(isPutBack(server, DAY), 'the block alone')
  set(WITNESS, '2', true)
  t.ok(isPutBack(server, DAY), 'both')
  set(BLOCK, `7 8 ${BLOCK} V`, true)
  set(WITNESS, '7', true)
  t.notOk(isPutBack(server, DAY), 'the newest ones')
  set(BLOCK, 'ticket 5 - 0', true)
  t.notOk(isPutBack(server, DAY), 'a ticket alone')
  server.atomically(() => server.delete(WITNESS), { byHand: true })
  t.ok(isPutBack(server, DAY), 'a ticket, and no witness as in its time')
  set('gateway:view', 'W', false)
  set(BLOCK, `2 4 ${BLOCK} V`, true)
  set(WITNESS, '2', true)
  t.notOk(isPutBack(server, DAY), 'of another view')
})

t.test('after it, numbers up to the mark of that moment may fall or come again, and no others', async t => {
  const violations: string[] = []
  const postgres = new PostgresServer(new Timeline(1, new Random(1), 1), SOUND.server)
  postgres.view = { ...postgres.view, mode: 'ON' }
  const checker = new SequenceChecker(postgres, what => violations.push(what))
  const draw = (last: number) => checker.ends(checker.begins('u'), { last, ...DRAWN_FROM_REDIS }, 1)
  draw(2)
  draw(7)
  checker.putBack('u', 8)
  draw(3)
  draw(7)
  t.strictSame(violations, [])
  draw(12)
  draw(9)
  t.match(violations, [/u drew 9 after 12/], 'above the mark')
  draw(12)
  t.match(violations.slice(1), [/12 of u was handed out twice/, /u drew 12 after 12/])
  postgres.view = { ...postgres.view, epoch: postgres.view.epoch + 1 }
  draw(5)
  draw(4)
  draw(7)
  t.match(violations.slice(3), [/u drew 4 after 5/, /7 of u was handed out twice/], 'of another view')
})
