import t from 'tap'
import { hunt } from './campaign.ts'
import { KNOWN, KNOWN_IN_CLUSTER } from './known-seeds.ts'
import { RULES } from './rules.ts'

/** The search goes on a little from a known seed; `npm run simulate` hunts for all rules. */
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
