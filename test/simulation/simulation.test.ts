import t from 'tap'
import { campaign } from './campaign.ts'

/** A few seconds; `npm run simulate` walks through as many as there is time for. */
const SEEDS = 100

t.test('under all faults, with all rules on, no answer is wrong', async t => {
  const tally = await campaign(1, 1, ({ seeds }) => seeds >= SEEDS)
  for (const { seed, violations } of tally.failed)
    t.fail(`seed ${seed} (npm run simulate -- --seed ${seed} --seeds 1)`, { violations })
  t.equal(tally.seeds, SEEDS)
  t.ok(tally.answered > tally.operations / 2, 'most operations got their answer')
  t.ok(tally.faults.size > 10, 'many kinds of faults')
})
