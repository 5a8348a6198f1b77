import t from 'tap'
import tzdata from 'tzdata' with { type: 'json' }
import { ABBREVIATIONS, isTimeZone, timeZoneFault, timeZoneSpelling } from '../../src/documents/time-zones.ts'
import { dayIn } from '../../src/sequence/day.ts'

/** Its pseudo-zone of a system that nobody has set up. */
const NO_PLACE = 'Factory'

t.test('every name of the database, links included, is a time zone that a day can be told in', async t => {
  const names = Object.keys(tzdata.zones)
  t.ok(names.length > 590)
  for (const name of names) {
    if (name === NO_PLACE) continue
    if (!isTimeZone(name)) t.fail(`${name} is missing`)
    if (!/^2026010[56]$/.test(dayIn(name, Date.parse('2026-01-06T00:00:00Z')))) t.fail(`${name}: no day`)
  }
  for (const name of Intl.supportedValuesOf('timeZone')) if (!isTimeZone(name)) t.fail(`Intl knows ${name}`)
  for (const name of ['Asia/Calcutta', 'US/Pacific', 'Etc/UTC', 'UTC', 'GMT', 'EST5EDT', 'Etc/GMT+12', 'NZ'])
    t.equal(timeZoneFault(name), undefined, name)
})

t.test('what is no name of the database is refused with what may be meant', async t => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['asia/kolkata', /must be spelled Asia\/Kolkata/],
    ['utc', /must be spelled UTC/],
    ['BST', /abbreviation.*Europe\/London, Asia\/Dhaka or Pacific\/Bougainville/],
    ['IST', /Asia\/Kolkata, Europe\/Dublin or Asia\/Jerusalem/],
    ['ist', /Asia\/Kolkata/],
    ['PST', /America\/Los_Angeles/],
    ['JST', /: Asia\/Tokyo may be meant/],
    ['Asia/Kolkatta', /did you mean Asia\/Kolkata\?/],
    ['Europe/Londn', /did you mean Europe\/London\?/],
    ['Mars/Base', /such as Asia\/Kolkata/],
    ['+05:30', /IANA/],
    ['UTC+5', /IANA/],
    ['Factory', /IANA/],
    ['SystemV/PST8PDT', /IANA/],
    [' UTC', /IANA/],
    ['', /IANA/],
    ['__proto__', /IANA/],
    ['constructor', /IANA/],
    ['x'.repeat(10_000), /IANA/],
  ]
  for (const [name, message] of refused) {
    t.notOk(isTimeZone(name), name)
    t.match(timeZoneFault(name), message, name)
  }
  t.equal(timeZoneSpelling('aSIA/cALCUTTA'), 'Asia/Calcutta')
  t.equal(timeZoneSpelling('IST'), undefined)
})

t.test('every zone that an abbreviation may mean is one, and no abbreviation is', async t => {
  for (const [abbreviation, zones] of Object.entries(ABBREVIATIONS)) {
    t.notOk(isTimeZone(abbreviation), abbreviation)
    for (const zone of zones) t.ok(isTimeZone(zone), `${abbreviation}: ${zone}`)
  }
})
