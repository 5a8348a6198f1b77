import t from 'tap'
import { campaign } from './campaign.ts'

/** A few seconds; `npm run simulate` walks through as many as there is time for. */
const SEEDS = 80
const CLUSTER_SEEDS = 20

for (const [seeds, cluster] of [
  [SEEDS, undefined],
  [CLUSTER_SEEDS, 'cluster'],
] as const)
  t.test(
    `under all faults${cluster === undefined ? '' : ' of a cluster'}, with all rules on, no answer is wrong`,
    async t => {
      const tally = await campaign(1, 1, done => done.seeds >= seeds, cluster)
      const option = cluster === undefined ? '' : '--cluster '
      for (const { seed, violations } of tally.failed)
        t.fail(`seed ${seed} (npm run simulate -- ${option}--seed ${seed} --seeds 1)`, { violations })
      t.equal(tally.seeds, seeds)
      t.ok(tally.answered > tally.operations / 2, 'most operations got their answer')
      t.ok(tally.faults.size > 10, 'many kinds of faults')
    },
  )
