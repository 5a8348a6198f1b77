import t from 'tap'
import { dayIn } from '../../src/sequence/day.ts'
import { eventually, SHORT_LEASE, startStack } from '../helper/gateway.ts'

const URL = '/api/user/sequence'
const TRADING = '/api/user/settings/trading'

t.test(
  'a stored time zone that is none: the day of the defaults, with a warning, until a PUT repairs it',
  async t => {
    const lines: { msg?: string; timezone?: string; instead?: string }[] = []
    const { gateway } = await startStack(
      t,
      { ...SHORT_LEASE, LOG_LEVEL: 'warn' },
      { logStream: { write: line => lines.push(JSON.parse(line)) } },
    )
    const logged = () => lines.filter(({ msg }) => msg === 'a stored trading.timezone is no time zone')
    const draw = () => gateway.as('42', { method: 'POST', url: URL })
    const store = (json: string) =>
      gateway.services.pool.query(
        `UPDATE documents SET data = jsonb_set(data, '{trading,timezone}', $1::jsonb)
       WHERE user_id = '42' AND kind = 'settings'`,
        [json],
      )
    t.equal((await draw()).statusCode, 200)
    for (const json of ['"Mars/Base"', '"IST"', '7', 'null', '{"a":1}', '""']) {
      await store(json)
      // An edit by hand is seen when the leases have ended.
      await eventually(`${json} is seen`, async () => {
        await draw()
        return logged().some(({ timezone }) => timezone === json)
      })
      const replies = [await draw(), await gateway.as('42', { url: URL })]
      for (const reply of replies) {
        t.equal(reply.statusCode, 200, `${json}: ${reply.body}`)
        t.equal(reply.json().date, dayIn('UTC', Date.now()))
      }
      t.match(replies[0]!.json().warnings, [/trading.timezone is no time zone.*UTC/], json)
    }
    t.equal(logged().length, 6, 'one line for each value')
    const put = await gateway.as('42', { method: 'PUT', url: TRADING, payload: { timezone: 'Asia/Kolkata' } })
    t.equal(put.statusCode, 200)
    const drawn = (await draw()).json()
    t.match(drawn, { date: dayIn('Asia/Kolkata', Date.now()) })
    t.notOk('warnings' in drawn)
    await store('"pacific/kiritimati"')
    await eventually('another spelling is understood', async () => {
      const { date, warnings } = (await draw()).json()
      return date === dayIn('Pacific/Kiritimati', Date.now()) && warnings === undefined
    })
  },
)

t.test('PUT takes the names of the IANA database in their spelling', async t => {
  const { gateway } = await startStack(t)
  const put = (timezone: string) => gateway.as('42', { method: 'PUT', url: TRADING, payload: { timezone } })
  for (const name of ['Asia/Calcutta', 'US/Pacific', 'Etc/UTC', 'GMT', 'EST5EDT', 'UTC'])
    t.equal((await put(name)).statusCode, 200, name)
  for (const [name, meant] of [
    ['BST', /Europe\/London/],
    ['IST', /Asia\/Kolkata/],
    ['PST', /America\/Los_Angeles/],
    ['asia/kolkata', /must be spelled Asia\/Kolkata/],
    ['Utc', /must be spelled UTC/],
  ] as const) {
    const reply = await put(name)
    t.equal(reply.statusCode, 400, name)
    t.match(reply.json().errors, [{ path: 'timezone', message: meant }])
  }
})

t.test(
  'a number above SEQUENCE_WARN_ABOVE carries a warning, and is counted once per user and day',
  async t => {
    const { gateway } = await startStack(t, { SEQUENCE_WARN_ABOVE: '20' })
    const draw = async (user: string, count: number) =>
      (await gateway.as(user, { method: 'POST', url: URL, payload: { count } })).json()
    t.equal((await draw('42', 20)).warnings, undefined)
    t.match(await draw('42', 5), {
      last: 25,
      warnings: [/the number 25 is above SEQUENCE_WARN_ABOVE \(20\)/],
    })
    t.match(await draw('42', 1), { last: 26, warnings: [/26/] })
    t.match(await draw('43', 30), { warnings: [/30/] })
    const { body } = await gateway.as('42', { url: '/metrics' })
    t.match(body, /^sequence_users_above_warning_total 2$/m)
  },
)
