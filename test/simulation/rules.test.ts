import t from 'tap'
import { hunt } from './campaign.ts'
import { RULES } from './rules.ts'

/** Seeds that are known to catch a rule; the search goes on a little from there. `npm run simulate` hunts for all rules. */
const KNOWN: Readonly<Record<string, number>> = {
  'valid-lease': 19,
  'lease-from-start': 175,
  'off-wait': 53,
  'own-query': 25,
  'fence-before-commit': 121,
  'exact-unfence': 52,
  'exclusive-view-lock': 227,
  'repair-row-lock': 93,
  'own-command': 1,
  'repair-rereads': 553,
  'named-connection': 21,
  'fenced-since-marker': 3,
  'adopt-first': 25,
  'near-heads': 2,
  'near-confirmed-by-versions': 1,
  'put-needs-own-fence': 9,
  'fill-carries-stamp': 12,
  tombstones: 30,
  'stamped-fences': 77,
  'fresh-stamps': 156,
  'no-fence-ttl': 11,
  'view-names-database': 62,
  'claimed-redis': 24,
  'gate-minds-claim': 374,
  'own-nonce': 80,
  'scripts-need-view': 4,
  'scripts-need-dataset': 6,
  'dataset-with-reply': 98,
  'proposed-marker': 204,
  'sweep-after-adopt': 115,
  'one-statement': 19,
  'block-of-one-view': 84,
  'block-opened-once': 95,
  'mirror-unread': 37,
  'witnessed-block': 44,
  'ticket-witnessed': 816,
  'sequence-floor': 41,
  'draws-known-server': 2682,
  'handover-carried-out': 87,
  'database-only-off': 42,
  'read-committed': 367,
  'longest-lease': 7,
  'set-back-noticed': 2,
  'server-looked-at': 416,
  'version-base': 2,
  'cold-after-move': 227,
  'one-layout': 1,
  'watched-slots': 254,
}
/** The same in a cluster. */
const KNOWN_IN_CLUSTER: Readonly<Record<string, number>> = {
  'exclusive-view-lock': 55,
  'named-connection': 14,
  'scripts-need-dataset': 8,
  'dataset-with-reply': 8,
  'off-wait': 8,
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
