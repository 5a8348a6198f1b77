import t from 'tap'
import { hunt } from './campaign.ts'
import { RULES } from './rules.ts'

/** Seeds that are known to catch a rule; the search goes on a little from there. `npm run simulate` hunts for all rules. */
const KNOWN: Readonly<Record<string, number>> = {
  'valid-lease': 14,
  'lease-from-start': 32,
  'off-wait': 36,
  'own-query': 2,
  'fence-before-commit': 10,
  'exact-unfence': 21,
  'exclusive-view-lock': 99,
  'repair-row-lock': 51,
  'own-command': 1,
  'repair-rereads': 257,
  'named-connection': 6,
  'adopt-first': 13,
  'near-heads': 2,
  'put-needs-own-fence': 42,
  'fill-carries-stamp': 3,
  'stamped-fences': 57,
  'fresh-stamps': 35,
  'no-fence-ttl': 2,
  'own-nonce': 71,
  'scripts-need-view': 4,
  'scripts-need-dataset': 11,
  'dataset-with-reply': 71,
  'proposed-marker': 37,
  'sweep-after-adopt': 105,
  'one-statement': 20,
  'block-of-one-view': 63,
  'block-opened-once': 20,
  'mirror-unread': 5,
  'witnessed-block': 28,
  'ticket-witnessed': 539,
  'sequence-floor': 13,
  'draws-known-server': 366,
  'handover-carried-out': 24,
  'database-only-off': 16,
  'read-committed': 34,
  'longest-lease': 11,
  'set-back-noticed': 2,
  'server-looked-at': 107,
  'version-base': 2,
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
