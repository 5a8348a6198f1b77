import { decimal, flag, group, integer, optional, text, timeframe, timeframes } from './fields.ts'

/** What a mode asks of the market before it trades: groups of the mode documents. */

export const TrendDivergence = group({
  enabled: flag(),
  min_divergence_percent: decimal(0, 100, '%'),
  block_on_divergence: flag(),
  divergence_weight: decimal(0, 1),
  timeframes_to_check: optional(timeframes(14)),
  min_aligned_timeframes: optional(integer(0, 14)),
  adx_threshold: optional(decimal(0, 100)),
  counter_trend_penalty: optional(decimal(0, 100)),
  allow_counter_trend: optional(flag()),
})

export const Mtf = group({
  mtf_enabled: flag(),
  primary_timeframe: timeframe(),
  primary_weight: decimal(0, 1),
  secondary_timeframe: timeframe(),
  secondary_weight: decimal(0, 1),
  tertiary_timeframe: timeframe(),
  tertiary_weight: decimal(0, 1),
  min_consensus: integer(0, 3),
  min_weighted_strength: decimal(0, 1_000_000),
  trend_stability_check: flag(),
})

export const TrendFilters = group({
  btc_trend_check: group({
    enabled: flag(),
    btc_symbol: text(64),
    block_alt_long_when_btc_bearish: flag(),
    block_alt_short_when_btc_bullish: flag(),
    btc_trend_timeframe: timeframe(),
  }),
  price_vs_ema: group({
    enabled: flag(),
    require_price_above_ema_for_long: flag(),
    require_price_below_ema_for_short: flag(),
    ema_period: decimal(0, 1_000_000),
  }),
  vwap_filter: group({
    enabled: flag(),
    require_price_above_vwap_for_long: flag(),
    require_price_below_vwap_for_short: flag(),
    near_vwap_tolerance_percent: decimal(0, 100, '%'),
  }),
  candlestick_alignment: group({
    enabled: flag(),
    min_confidence_to_block: decimal(0, 100, '%'),
    log_only_mode: flag(),
  }),
})
