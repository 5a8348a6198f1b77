import t from 'tap'
import { hunt } from './campaign.ts'
import { RULES } from './rules.ts'

/** Seeds that are known to catch a rule; the search goes on a little from there. `npm run simulate` hunts for all rules. */
const KNOWN: Readonly<Record<string, number>> = {
  'valid-lease': 14,
  'lease-from-start': 21,
  'off-wait': 31,
  'own-query': 25,
  'fence-before-commit': 37,
  'exact-unfence': 42,
  'exclusive-view-lock': 84,
  'repair-row-lock': 56,
  'own-command': 1,
  'repair-rereads': 257,
  'named-connection': 11,
  'adopt-first': 8,
  'near-heads': 2,
  'near-confirmed-by-versions': 1,
  'put-needs-own-fence': 8,
  'fill-carries-stamp': 4,
  tombstones: 13,
  'stamped-fences': 34,
  'fresh-stamps': 35,
  'no-fence-ttl': 1,
  'view-names-database': 28,
  'claimed-redis': 24,
  'gate-minds-claim': 303,
  'own-nonce': 7,
  'scripts-need-view': 4,
  'scripts-need-dataset': 4,
  'dataset-with-reply': 71,
  'proposed-marker': 67,
  'sweep-after-adopt': 109,
  'one-statement': 2,
  'block-of-one-view': 26,
  'block-opened-once': 75,
  'mirror-unread': 16,
  'witnessed-block': 4,
  'ticket-witnessed': 608,
  'sequence-floor': 12,
  'draws-known-server': 572,
  'handover-carried-out': 18,
  'database-only-off': 9,
  'read-committed': 141,
  'longest-lease': 2,
  'set-back-noticed': 2,
  'server-looked-at': 55,
  'version-base': 2,
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
