import { choice, decimal, duration, flag, group, integer, optional, timeframe } from './fields.ts'

/** When a mode opens a position, and how large: groups of the mode documents. */

/** From calm to wild. */
export const VOLATILITIES = ['low', 'medium', 'high', 'extreme'] as const

export const Timeframe = group({
  trend_timeframe: timeframe(),
  entry_timeframe: timeframe(),
  analysis_timeframe: timeframe(),
})

export const Entry = group({
  limit_order_gap_percent: decimal(0, 100, '%'),
  use_market_entry: flag(),
  max_limit_gap_percent: decimal(0, 100, '%'),
})

export const Confidence = group({
  min_confidence: decimal(0, 100, '%'),
  high_confidence: decimal(0, 100, '%'),
  ultra_confidence: decimal(0, 100, '%'),
})

export const Size = group({
  base_size_usd: decimal(0, 10_000_000, 'USD'),
  max_size_usd: decimal(0, 10_000_000, 'USD'),
  max_positions: integer(0, 100),
  leverage: integer(1, 125),
  size_multiplier_lo: decimal(0, 1_000_000),
  size_multiplier_hi: decimal(0, 1_000_000),
  safety_margin: decimal(0, 1_000_000),
  min_balance_usd: decimal(0, 10_000_000, 'USD'),
  min_position_size_usd: decimal(0, 10_000_000, 'USD'),
  risk_multiplier_conservative: decimal(0, 1_000_000),
  risk_multiplier_moderate: decimal(0, 1_000_000),
  risk_multiplier_aggressive: decimal(0, 1_000_000),
  confidence_multiplier_base: decimal(0, 1_000_000),
  confidence_multiplier_scale: decimal(0, 1_000_000),
  auto_size_enabled: flag(),
  auto_size_min_cover_fee: decimal(0, 1_000_000),
})

export const ModeCircuitBreaker = group({
  max_loss_per_hour: decimal(0, 10_000_000, 'USD'),
  max_loss_per_day: decimal(0, 10_000_000, 'USD'),
  max_consecutive_losses: integer(0, 100_000),
  cooldown_minutes: integer(0, 86_400, 'min'),
  max_trades_per_minute: integer(0, 100_000),
  max_trades_per_hour: integer(0, 100_000),
  max_trades_per_day: integer(0, 100_000),
  win_rate_check_after: integer(0, 100_000),
  min_win_rate: decimal(0, 100, '%'),
})

export const ModeRisk = group({
  risk_level: choice('', 'conservative', 'moderate', 'aggressive'),
  risk_multiplier_conservative: decimal(0, 1_000_000),
  risk_multiplier_moderate: decimal(0, 1_000_000),
  risk_multiplier_aggressive: decimal(0, 1_000_000),
  max_drawdown_percent: decimal(0, 100, '%'),
  max_daily_loss_percent: decimal(0, 100, '%'),
  min_adx: decimal(0, 100),
  daily_loss_limit_percent: optional(decimal(0, 100, '%')),
  weekly_loss_limit_percent: optional(decimal(0, 100, '%')),
  max_portfolio_risk_percent: optional(decimal(0, 100, '%')),
  correlation_penalty: optional(decimal(0, 100)),
})

export const Assignment = group({
  volatility_min: choice(...VOLATILITIES),
  volatility_max: choice(...VOLATILITIES),
  expected_hold_min: duration(),
  expected_hold_max: duration(),
  confidence_min: decimal(0, 100, '%'),
  confidence_max: decimal(0, 100, '%'),
  risk_score_max: decimal(0, 100),
  profit_potential_min: decimal(0, 1_000_000),
  profit_potential_max: decimal(0, 1_000_000),
  requires_trend_align: flag(),
  priority_weight: decimal(0, 10),
})
