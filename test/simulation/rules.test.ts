import t from 'tap'
import { hunt } from './campaign.ts'
import { RULES } from './rules.ts'

/** Seeds that are known to catch a rule; the search goes on from there. `npm run simulate` hunts for all rules. */
const KNOWN: Readonly<Record<string, number>> = {
  'valid-lease': 11,
  'lease-from-start': 74,
  'off-wait': 28,
  'own-query': 8,
  'fence-before-commit': 123,
  'exact-unfence': 3,
  'exclusive-view-lock': 9,
  'repair-row-lock': 180,
  'own-command': 1,
  'repair-rereads': 578,
  'named-connection': 99,
  'adopt-first': 4,
  'near-heads': 1,
  'stamped-fences': 4,
  'fresh-stamps': 19,
  'no-fence-ttl': 2,
  'own-nonce': 10,
  'scripts-need-view': 1,
  'scripts-need-dataset': 1,
  'dataset-with-reply': 2,
  'proposed-marker': 161,
  'sweep-after-adopt': 122,
  'one-statement': 3,
  'block-of-one-view': 8,
  'block-opened-once': 11,
  'mirror-unread': 2,
  'witnessed-block': 2,
  'sequence-floor': 2,
  'draws-known-server': 350,
  'database-only-off': 3,
  'read-committed': 14,
  'longest-lease': 16,
  'set-back-noticed': 4,
  'server-looked-at': 95,
  'version-base': 16,
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
