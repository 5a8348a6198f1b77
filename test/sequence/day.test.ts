import t from 'tap'
import { dayIn, mirroredDays } from '../../src/sequence/day.ts'
import { OrderNumbers, type OrderNumbersDeps } from '../../src/sequence/order-numbers.ts'
import { Replies } from '../../src/sequence/replies.ts'
import { UserZones } from '../../src/sequence/user-zones.ts'

/** [time zone, last moment of a day, that day, the next] */
const MIDNIGHTS: readonly (readonly [string, string, string, string])[] = [
  ['UTC', '2026-01-06T23:59:59.999Z', '20260106', '20260107'],
  ['Asia/Kolkata', '2026-01-06T18:29:59.999Z', '20260106', '20260107'],
  ['America/New_York', '2026-01-06T04:59:59.999Z', '20260105', '20260106'],
  // The days on which New York's clocks change: the offset at midnight is the old one, a day later the new one.
  ['America/New_York', '2026-03-08T04:59:59.999Z', '20260307', '20260308'],
  ['America/New_York', '2026-03-09T03:59:59.999Z', '20260308', '20260309'],
  ['America/New_York', '2026-11-01T03:59:59.999Z', '20261031', '20261101'],
  ['America/New_York', '2026-11-02T04:59:59.999Z', '20261101', '20261102'],
  ['UTC', '2028-02-28T23:59:59.999Z', '20280228', '20280229'],
  ['UTC', '2028-02-29T23:59:59.999Z', '20280229', '20280301'],
  ['UTC', '2026-02-28T23:59:59.999Z', '20260228', '20260301'],
  ['Asia/Kolkata', '2026-12-31T18:29:59.999Z', '20261231', '20270101'],
  ['Pacific/Kiritimati', '2026-12-31T09:59:59.999Z', '20261231', '20270101'],
  ['Etc/GMT+12', '2027-01-01T11:59:59.999Z', '20261231', '20270101'],
  // Chile changes its clocks at midnight: that day has no 00:00 and begins at 01:00.
  ['America/Santiago', '2026-09-06T03:59:59.999Z', '20260905', '20260906'],
]

t.test('a day ends at midnight of its time zone', async t => {
  for (const [zone, moment, day, next] of MIDNIGHTS) {
    t.equal(dayIn(zone, Date.parse(moment)), day, `${zone} ${moment}`)
    t.equal(dayIn(zone, Date.parse(moment) + 1), next, `${zone} ${moment} + 1 ms`)
  }
})

/** The use case over a clock that the test moves; each day counts for itself. */
function sequenceIn(timezone: string, clock: { wall: number }) {
  const counts = new Map<string, number>()
  const observer = { drawn: () => {}, numbersHigh: () => {}, zoneUnknown: () => {} }
  const port = {
    readZone: async () => ({ version: 1, timeZone: timezone }),
    readDefaultZone: async () => 'UTC',
  }
  const deps = {
    counter: {
      draw: async ({ day }: { day: string }, count: number) => {
        counts.set(day, (counts.get(day) ?? 0) + count)
        return { last: counts.get(day), source: 'redis' }
      },
      last: async ({ day }: { day: string }) => counts.get(day) ?? 0,
    },
    zones: new UserZones(port, observer),
    replies: new Replies({ find: async () => undefined, remember: async (_user, _key, reply) => reply }),
    clock: { wall: () => clock.wall },
    observer,
    warnAbove: 99_999,
  }
  return new OrderNumbers(deps as unknown as OrderNumbersDeps)
}

t.test('the first number after midnight is 1, by the clock port alone', async t => {
  for (const [zone, moment, day, next] of MIDNIGHTS) {
    const clock = { wall: Date.parse(moment) }
    const sequence = sequenceIn(zone, clock)
    const actor = { userId: '42', caller: '42' }
    t.match(await sequence.draw(actor, 3), { date: day, first: 1, last: 3 }, `${zone} ${moment}`)
    t.match(await sequence.draw(actor, 1), { date: day, first: 4, last: 4 })
    clock.wall++
    t.match(await sequence.last(actor), { date: next, sequence: 0 })
    t.match(await sequence.draw(actor, 1), { date: next, first: 1, last: 1 })
  }
})

t.test('every day whose mirror may be in Redis: from two days after its last draw, in any zone', async t => {
  const hours = 3_600_000
  for (let now = Date.UTC(2026, 1, 27); now < Date.UTC(2026, 2, 3); now += hours) {
    const days = mirroredDays(now)
    for (let drawn = now - 48 * hours; drawn <= now; drawn += hours) {
      for (const zone of ['Etc/GMT+12', 'UTC', 'Pacific/Kiritimati'])
        if (!days.includes(dayIn(zone, drawn))) t.fail(`${dayIn(zone, drawn)} of ${zone} at ${now}`)
    }
    t.equal(days.length, 6)
  }
})
