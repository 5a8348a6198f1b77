import t from 'tap'
import { hunt } from './campaign.ts'
import { RULES } from './rules.ts'

/** Seeds that are known to catch a rule; the search goes on from there. `npm run simulate` hunts for all rules. */
const KNOWN: Readonly<Record<string, number>> = {
  'valid-lease': 1,
  'lease-from-start': 2,
  'off-wait': 5,
  'own-query': 7,
  'fence-before-commit': 380,
  'exact-unfence': 12,
  'exclusive-view-lock': 9,
  'repair-row-lock': 59,
  'own-command': 1,
  'repair-rereads': 34,
  'named-connection': 111,
  'adopt-first': 4,
  'near-heads': 1,
  'stamped-fences': 98,
  'fresh-stamps': 1,
  'no-fence-ttl': 2,
  'own-nonce': 2,
  'scripts-need-view': 1,
  'scripts-need-dataset': 7,
  'dataset-with-reply': 48,
  'proposed-marker': 299,
  'sweep-after-adopt': 63,
  'one-statement': 27,
  'block-of-one-view': 7,
  'block-opened-once': 6,
  'mirror-unread': 2,
  'witnessed-block': 15,
  'sequence-floor': 2,
  'draws-known-server': 350,
  'handover-carried-out': 23,
  'database-only-off': 16,
  'read-committed': 48,
  'longest-lease': 4,
  'set-back-noticed': 2,
  'server-looked-at': 282,
  'version-base': 2,
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
