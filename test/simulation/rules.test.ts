import t from 'tap'
import { hunt } from './campaign.ts'
import { RULES } from './rules.ts'

/** Seeds that are known to catch a rule; the search goes on a little from there. `npm run simulate` hunts for all rules. */
const KNOWN: Readonly<Record<string, number>> = {
  'valid-lease': 28,
  'lease-from-start': 199,
  'off-wait': 73,
  'own-query': 49,
  'fence-before-commit': 152,
  'exact-unfence': 120,
  'exclusive-view-lock': 385,
  'repair-row-lock': 93,
  'own-command': 1,
  'repair-rereads': 729,
  'named-connection': 21,
  'fenced-since-marker': 3,
  'adopt-first': 31,
  'near-heads': 1,
  'near-confirmed-by-versions': 3,
  'own-confirmation': 38,
  'followed-and-told': 3,
  'followed-from-oldest': 11,
  'followed-since': 162,
  'followed-server': 558,
  'put-needs-own-fence': 12,
  'fill-carries-stamp': 20,
  tombstones: 33,
  'stamped-fences': 371,
  'fresh-stamps': 170,
  'no-fence-ttl': 11,
  'view-names-database': 107,
  'claimed-redis': 33,
  'gate-minds-claim': 636,
  'own-nonce': 80,
  'scripts-need-view': 4,
  'scripts-need-dataset': 6,
  'dataset-with-reply': 135,
  'proposed-marker': 560,
  'sweep-after-adopt': 115,
  'one-statement': 38,
  'block-of-one-view': 84,
  'block-opened-once': 131,
  'mirror-unread': 57,
  'witnessed-block': 154,
  'ticket-witnessed': 1306,
  'sequence-floor': 43,
  'draws-known-server': 2912,
  'handover-carried-out': 103,
  'database-only-off': 56,
  'read-committed': 431,
  'longest-lease': 7,
  'set-back-noticed': 2,
  'server-looked-at': 502,
  'version-base': 2,
  'cold-after-move': 815,
  'one-layout': 1,
  'watched-slots': 778,
}
/** The same in a cluster. */
const KNOWN_IN_CLUSTER: Readonly<Record<string, number>> = {
  'exclusive-view-lock': 98,
  'named-connection': 31,
  'scripts-need-dataset': 31,
  'dataset-with-reply': 41,
  'off-wait': 31,
}
const SEEDS = 1_000

t.test('every rule has such a seed', async t => {
  t.strictSame(Object.keys(KNOWN).sort(), RULES.map(({ name }) => name).sort())
})

t.test('and so has every rule that matters in a cluster', async t => {
  const names = RULES.filter(({ inCluster }) => inCluster !== undefined).map(({ name }) => name)
  t.strictSame(Object.keys(KNOWN_IN_CLUSTER).sort(), names.sort())
})

const ALL = [
  ...Object.entries(KNOWN).map(known => [...known, false] as const),
  ...Object.entries(KNOWN_IN_CLUSTER).map(known => [...known, true] as const),
]
for (const [name, seed, inCluster] of ALL) {
  t.test(`without ${name} an answer is wrong${inCluster ? ' in a cluster' : ''}`, async t => {
    const { off, ...rule } = RULES.find(each => each.name === name)!
    const focus = inCluster ? rule.inCluster : rule.focus
    const caught = await hunt({ off, ...(focus && { focus }) }, seed, seeds => seeds >= SEEDS)
    t.not(caught.seed, undefined, caught.violation)
    if (caught.seed !== undefined && caught.seed !== seed)
      t.comment(`'${name}': ${caught.seed}, which is quicker, belongs into KNOWN`)
  })
}
