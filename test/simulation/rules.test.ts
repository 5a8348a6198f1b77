import t from 'tap'
import { hunt } from './campaign.ts'
import { RULES } from './rules.ts'

/** Seeds that are known to catch a rule; the search goes on from there. `npm run simulate` hunts for all rules. */
const KNOWN: Readonly<Record<string, number>> = {
  'valid-lease': 1,
  'lease-from-start': 1,
  'off-wait': 10,
  'own-query': 17,
  'fence-before-commit': 88,
  'exact-unfence': 52,
  'exclusive-view-lock': 66,
  'repair-row-lock': 75,
  'own-command': 1,
  'repair-rereads': 216,
  'named-connection': 117,
  'adopt-first': 3,
  'near-heads': 1,
  'no-fence-ttl': 4,
  'own-nonce': 71,
  'scripts-need-view': 1,
  'scripts-need-dataset': 46,
  'one-statement': 13,
  'block-of-one-view': 31,
  'larger-block-stays': 99,
  'database-only-off': 1,
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
