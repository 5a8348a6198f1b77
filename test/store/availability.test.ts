import t from 'tap'
import { DatabaseUnavailableError } from '../../src/consistency/store-port.ts'
import { Availability } from '../../src/store/availability.ts'
import { isRefused } from '../../src/store/database-errors.ts'

t.test('one slow moment is no outage, two in a row are', async t => {
  const availability = new Availability()
  availability.failed(false)
  t.notOk(availability.down)
  availability.reached(1)
  availability.failed(false)
  t.notOk(availability.down, 'not in a row')
  availability.failed(false)
  t.ok(availability.down)
  t.throws(() => availability.check(), DatabaseUnavailableError)
  availability.reached(1)
  t.notOk(availability.down)
})

t.test('a server that refuses is away at once, and nobody waits for it', async t => {
  const availability = new Availability()
  const waiting = availability.race(() => new Promise(() => {}))
  availability.failed(true)
  await t.rejects(waiting, DatabaseUnavailableError)
  await t.rejects(
    availability.race(async () => 1),
    DatabaseUnavailableError,
  )
})

t.test('what counts as a refusal', async t => {
  const socket = (code: string) => Object.assign(new Error(code), { code })
  t.ok(isRefused(socket('ECONNREFUSED')))
  t.ok(isRefused(Object.assign(new Error('shutting down'), { severity: 'FATAL', code: '57P03' })))
  t.notOk(isRefused(new Error('timeout expired')))
  t.notOk(isRefused(new Error('Query read timeout')))
})
