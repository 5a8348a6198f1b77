import t from 'tap'
import { hunt } from './campaign.ts'
import { RULES } from './rules.ts'

/** Seeds that are known to catch a rule; the search goes on from there. `npm run simulate` hunts for all rules. */
const KNOWN: Readonly<Record<string, number>> = {
  'valid-lease': 12,
  'lease-from-start': 22,
  'off-wait': 10,
  'own-query': 17,
  'fence-before-commit': 88,
  'exact-unfence': 52,
  'exclusive-view-lock': 66,
  'repair-row-lock': 75,
  'own-command': 1,
  'repair-rereads': 303,
  'named-connection': 32,
  'adopt-first': 4,
  'near-heads': 1,
  'stamped-fences': 8,
  'fresh-stamps': 6,
  'no-fence-ttl': 4,
  'own-nonce': 30,
  'scripts-need-view': 1,
  'scripts-need-dataset': 36,
  'one-statement': 40,
  'block-of-one-view': 31,
  'larger-block-stays': 397,
  'database-only-off': 34,
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
