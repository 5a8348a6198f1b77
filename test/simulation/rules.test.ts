import t from 'tap'
import { hunt } from './campaign.ts'
import { RULES } from './rules.ts'

/** Seeds that are known to catch a rule; the search goes on a little from there. `npm run simulate` hunts for all rules. */
const KNOWN: Readonly<Record<string, number>> = {
  'valid-lease': 14,
  'lease-from-start': 121,
  'off-wait': 45,
  'own-query': 4,
  'fence-before-commit': 33,
  'exact-unfence': 34,
  'exclusive-view-lock': 118,
  'repair-row-lock': 337,
  'own-command': 1,
  'repair-rereads': 424,
  'named-connection': 6,
  'adopt-first': 15,
  'near-heads': 2,
  'put-needs-own-fence': 57,
  'fill-carries-stamp': 4,
  tombstones: 8,
  'stamped-fences': 159,
  'fresh-stamps': 134,
  'no-fence-ttl': 3,
  'view-names-database': 37,
  'claimed-redis': 66,
  'gate-minds-claim': 303,
  'own-nonce': 168,
  'scripts-need-view': 4,
  'scripts-need-dataset': 13,
  'dataset-with-reply': 71,
  'proposed-marker': 55,
  'sweep-after-adopt': 109,
  'one-statement': 66,
  'block-of-one-view': 92,
  'block-opened-once': 75,
  'mirror-unread': 20,
  'witnessed-block': 30,
  'ticket-witnessed': 1666,
  'sequence-floor': 41,
  'draws-known-server': 1115,
  'handover-carried-out': 24,
  'database-only-off': 28,
  'read-committed': 161,
  'longest-lease': 44,
  'set-back-noticed': 2,
  'server-looked-at': 593,
  'version-base': 3,
}
const SEEDS = 1_000

t.test('every rule has such a seed', async t => {
  t.strictSame(Object.keys(KNOWN).sort(), RULES.map(({ name }) => name).sort())
})

for (const [name, seed] of Object.entries(KNOWN)) {
  t.test(`without ${name} an answer is wrong`, async t => {
    const rule = RULES.find(each => each.name === name)!
    const caught = await hunt(rule, seed, seeds => seeds >= SEEDS)
    t.not(caught.seed, undefined, caught.violation)
    if (caught.seed !== undefined && caught.seed !== seed)
      t.comment(`'${name}': ${caught.seed}, which is quicker, belongs into KNOWN`)
  })
}
