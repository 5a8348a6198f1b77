import t from 'tap'
import { hunt } from './campaign.ts'
import { RULES } from './rules.ts'

/** Seeds that are known to catch a rule; the search goes on a little from there. `npm run simulate` hunts for all rules. */
const KNOWN: Readonly<Record<string, number>> = {
  'valid-lease': 14,
  'lease-from-start': 121,
  'off-wait': 45,
  'own-query': 13,
  'fence-before-commit': 33,
  'exact-unfence': 21,
  'exclusive-view-lock': 99,
  'repair-row-lock': 51,
  'own-command': 1,
  'repair-rereads': 257,
  'named-connection': 6,
  'adopt-first': 15,
  'near-heads': 2,
  'put-needs-own-fence': 57,
  'fill-carries-stamp': 4,
  tombstones: 8,
  'stamped-fences': 71,
  'fresh-stamps': 132,
  'no-fence-ttl': 2,
  'view-names-database': 28,
  'claimed-redis': 24,
  'gate-minds-claim': 303,
  'own-nonce': 71,
  'scripts-need-view': 4,
  'scripts-need-dataset': 13,
  'dataset-with-reply': 71,
  'proposed-marker': 55,
  'sweep-after-adopt': 109,
  'one-statement': 59,
  'block-of-one-view': 92,
  'block-opened-once': 75,
  'mirror-unread': 16,
  'witnessed-block': 30,
  'ticket-witnessed': 1666,
  'sequence-floor': 16,
  'draws-known-server': 1111,
  'handover-carried-out': 24,
  'database-only-off': 28,
  'read-committed': 72,
  'longest-lease': 43,
  'set-back-noticed': 2,
  'server-looked-at': 202,
  'version-base': 3,
}
const SEEDS = 200

t.test('every rule has such a seed', async t => {
  t.strictSame(Object.keys(KNOWN).sort(), RULES.map(({ name }) => name).sort())
})

for (const [name, seed] of Object.entries(KNOWN)) {
  t.test(`without ${name} an answer is wrong`, async t => {
    const rule = RULES.find(each => each.name === name)!
    const caught = await hunt(rule, seed, seeds => seeds >= SEEDS)
    t.not(caught.seed, undefined, caught.violation)
    if (caught.seed !== seed) t.comment(`'${name}': ${caught.seed}, which is quicker, belongs into KNOWN`)
  })
}
