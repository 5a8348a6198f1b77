import t from 'tap'
import { hunt } from './campaign.ts'
import { RULES } from './rules.ts'

/** Seeds that are known to catch a rule; the search goes on from there. `npm run simulate` hunts for all rules. */
const KNOWN: Readonly<Record<string, number>> = {
  'valid-lease': 13,
  'lease-from-start': 35,
  'off-wait': 23,
  'own-query': 22,
  'fence-before-commit': 31,
  'exact-unfence': 13,
  'exclusive-view-lock': 16,
  'repair-row-lock': 8,
  'own-command': 1,
  'repair-rereads': 160,
  'named-connection': 189,
  'adopt-first': 4,
  'near-heads': 1,
  'stamped-fences': 16,
  'fresh-stamps': 11,
  'no-fence-ttl': 3,
  'own-nonce': 11,
  'scripts-need-view': 1,
  'scripts-need-dataset': 11,
  'one-statement': 22,
  'block-of-one-view': 5,
  'larger-block-stays': 176,
  'database-only-off': 27,
}
const MS = 10_000

t.test('every rule has such a seed', async t => {
  t.strictSame(Object.keys(KNOWN).sort(), RULES.map(({ name }) => name).sort())
})

for (const [name, seed] of Object.entries(KNOWN)) {
  t.test(`without ${name} an answer is wrong`, async t => {
    const rule = RULES.find(each => each.name === name)!
    const until = performance.now() + MS
    const caught = await hunt(rule, seed, () => performance.now() > until)
    t.not(caught.seed, undefined, caught.violation)
  })
}
