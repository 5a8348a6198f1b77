import { decimal, decimals, flag, group, integer } from './fields.ts'

/** What a mode does to a position it holds: groups of the mode documents. */

export const Hedge = group({
  allow_hedge: flag(),
  min_confidence_for_hedge: decimal(0, 100, '%'),
  existing_must_be_in_profit: decimal(0, 1_000_000),
  max_hedge_size_percent: decimal(0, 100, '%'),
  allow_same_mode_hedge: flag(),
  max_total_exposure_multiplier: decimal(0, 1_000_000),
})

export const Averaging = group({
  allow_averaging: flag(),
  average_up_profit_percent: decimal(0, 1000, '%'),
  average_down_loss_percent: decimal(-100, 100, '%'),
  add_size_percent: decimal(0, 100, '%'),
  max_averages: integer(0, 20),
  min_confidence_for_average: decimal(0, 100, '%'),
  use_llm_for_averaging: flag(),
  staged_entry_enabled: flag(),
  staged_entry_levels: integer(0, 20),
  staged_entry_percent: decimals(5, 0, 100, '%'),
  staged_entry_price_improve: decimal(0, 1_000_000),
  staged_entry_cooldown_sec: integer(0, 86_400, 's'),
  staged_entry_max_wait_sec: integer(0, 86_400, 's'),
})

export const FundingRate = group({
  enabled: flag(),
  max_funding_rate: decimal(0, 1_000_000),
  exit_time_minutes: integer(0, 86_400, 'min'),
  fee_threshold_percent: decimal(0, 100, '%'),
  extreme_funding_rate: decimal(0, 1_000_000),
  high_rate_reduction: decimal(0, 1_000_000),
  elevated_rate_reduction: decimal(0, 1_000_000),
  block_time_minutes: integer(0, 86_400, 'min'),
})

export const Reversal = group({
  reversal_enabled: flag(),
  reversal_min_llm_confidence: decimal(0, 1),
  reversal_consecutive_candles: integer(0, 20),
  reversal_limit_timeout_sec: integer(0, 86_400, 's'),
  reversal_require_all_tfs: flag(),
  use_market_entry: flag(),
})
