import { decimal, flag, group } from './fields.ts'

/** How the capital is shared among the modes. */
export const CapitalAllocationSchema = group({
  ultra_percent: decimal(0, 100, '%'),
  scalp_percent: decimal(0, 100, '%'),
  swing_percent: decimal(0, 100, '%'),
  position_percent: decimal(0, 100, '%'),
  allow_dynamic_rebalance: flag(),
  rebalance_threshold_pct: decimal(0, 100, '%'),
})
