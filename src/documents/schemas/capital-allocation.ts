import { decimal, flag, group, integer } from './fields.ts'

/** How the capital is shared among the modes. */
export const CapitalAllocationSchema = group({
  ultra_percent: decimal(0, 100, '%'),
  scalp_percent: decimal(0, 100, '%'),
  swing_percent: decimal(0, 100, '%'),
  position_percent: decimal(0, 100, '%'),
  allow_dynamic_rebalance: flag(),
  rebalance_threshold_pct: decimal(0, 100, '%'),
  max_ultra_positions: integer(0, 100),
  max_scalp_positions: integer(0, 100),
  max_swing_positions: integer(0, 100),
  max_position_positions: integer(0, 100),
  max_ultra_usd_per_position: decimal(0, 10_000_000, 'USD'),
  max_scalp_usd_per_position: decimal(0, 10_000_000, 'USD'),
  max_swing_usd_per_position: decimal(0, 10_000_000, 'USD'),
  max_position_usd_per_position: decimal(0, 10_000_000, 'USD'),
})
