import t from 'tap'
import { hunt } from './campaign.ts'
import { RULES } from './rules.ts'

/** Seeds that are known to catch a rule; the search goes on a little from there. `npm run simulate` hunts for all rules. */
const KNOWN: Readonly<Record<string, number>> = {
  'valid-lease': 12,
  'lease-from-start': 28,
  'off-wait': 5,
  'own-query': 2,
  'fence-before-commit': 9,
  'exact-unfence': 8,
  'exclusive-view-lock': 54,
  'repair-row-lock': 34,
  'own-command': 1,
  'repair-rereads': 257,
  'named-connection': 5,
  'adopt-first': 4,
  'near-heads': 1,
  'put-needs-own-fence': 3,
  'fill-carries-stamp': 2,
  'stamped-fences': 15,
  'fresh-stamps': 19,
  'no-fence-ttl': 1,
  'own-nonce': 43,
  'scripts-need-view': 4,
  'scripts-need-dataset': 2,
  'dataset-with-reply': 22,
  'proposed-marker': 27,
  'sweep-after-adopt': 94,
  'one-statement': 13,
  'block-of-one-view': 33,
  'block-opened-once': 2,
  'mirror-unread': 4,
  'witnessed-block': 20,
  'ticket-witnessed': 539,
  'sequence-floor': 6,
  'draws-known-server': 366,
  'handover-carried-out': 9,
  'database-only-off': 3,
  'read-committed': 34,
  'longest-lease': 1,
  'set-back-noticed': 2,
  'server-looked-at': 64,
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
  })
}
