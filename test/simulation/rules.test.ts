import t from 'tap'
import { hunt } from './campaign.ts'
import { RULES } from './rules.ts'

/** Seeds that are known to catch a rule; the search goes on a little from there. `npm run simulate` hunts for all rules. */
const KNOWN: Readonly<Record<string, number>> = {
  'valid-lease': 40,
  'lease-from-start': 201,
  'off-wait': 91,
  'own-query': 49,
  'fence-before-commit': 160,
  'exact-unfence': 139,
  'exclusive-view-lock': 424,
  'repair-row-lock': 191,
  'own-command': 1,
  'repair-rereads': 1464,
  'named-connection': 21,
  'fenced-since-marker': 3,
  'adopt-first': 36,
  'near-heads': 1,
  'near-confirmed-by-versions': 3,
  'own-confirmation': 80,
  'followed-and-told': 3,
  'followed-from-oldest': 33,
  'followed-since': 259,
  'followed-server': 1401,
  'put-needs-own-fence': 34,
  'fill-carries-stamp': 23,
  tombstones: 70,
  'stamped-fences': 420,
  'fresh-stamps': 171,
  'no-fence-ttl': 12,
  'view-names-database': 156,
  'claimed-redis': 33,
  'gate-minds-claim': 745,
  'own-nonce': 88,
  'scripts-need-view': 4,
  'scripts-need-dataset': 6,
  'dataset-with-reply': 154,
  'proposed-marker': 700,
  'sweep-after-adopt': 116,
  'one-statement': 38,
  'block-of-one-view': 107,
  'block-opened-once': 146,
  'mirror-unread': 70,
  'witnessed-block': 182,
  'ticket-witnessed': 828,
  'sequence-floor': 61,
  'draws-known-server': 1149,
  'handover-carried-out': 105,
  'database-only-off': 79,
  'read-committed': 439,
  'longest-lease': 7,
  'set-back-noticed': 2,
  'server-looked-at': 593,
  'version-base': 2,
  'cold-after-move': 842,
  'one-layout': 1,
  'watched-slots': 978,
}
/** The same in a cluster. */
const KNOWN_IN_CLUSTER: Readonly<Record<string, number>> = {
  'exclusive-view-lock': 113,
  'named-connection': 35,
  'scripts-need-dataset': 31,
  'dataset-with-reply': 46,
  'off-wait': 36,
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
