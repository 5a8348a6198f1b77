import t from 'tap'
import { campaign } from './campaign.ts'

/** The first 150 seeds, unless the machine is too busy for that. */
const SEEDS = 150
const MS = 6_000

t.test('under all faults, with all rules on, no answer is wrong', async t => {
  const until = performance.now() + MS
  const tally = await campaign(1, 1, ({ seeds }) => seeds >= SEEDS || performance.now() > until)
  for (const { seed, violations } of tally.failed)
    t.fail(`seed ${seed} (npm run simulate -- --seed ${seed} --seeds 1)`, { violations })
  t.ok(tally.seeds > 0)
  t.ok(tally.answered > tally.operations / 2, 'most operations got their answer')
  t.ok(tally.faults.size > 10, 'many kinds of faults')
})
