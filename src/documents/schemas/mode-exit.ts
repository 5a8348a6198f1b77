import { choice, decimal, duration, flag, group, integer, optionalDecimals } from './fields.ts'

/** When a mode closes a position: groups of the mode documents. */

export const Sltp = group({
  stop_loss_percent: decimal(0, 100, '%'),
  take_profit_percent: decimal(0, 1000, '%'),
  trailing_stop_enabled: flag(),
  trailing_stop_percent: decimal(0, 100, '%'),
  trailing_stop_activation: decimal(0, 1_000_000),
  trailing_activation_price: decimal(0, 1_000_000),
  max_hold_duration: duration(),
  use_single_tp: flag(),
  single_tp_percent: decimal(0, 1000, '%'),
  tp_gain_levels: optionalDecimals(4),
  tp_allocation: optionalDecimals(4),
  trailing_activation_mode: choice(
    '',
    'immediate',
    'after_tp1',
    'after_tp2',
    'after_tp3',
    'after_breakeven',
    'after_tp1_and_breakeven',
  ),
  use_roi_based_sltp: flag(),
  roi_stop_loss_percent: decimal(-100, 100, '%'),
  roi_take_profit_percent: decimal(0, 1000, '%'),
  margin_type: choice('', 'CROSS', 'ISOLATED'),
  isolated_margin_percent: decimal(0, 100, '%'),
  atr_sl_multiplier: decimal(0, 1_000_000),
  atr_tp_multiplier: decimal(0, 1_000_000),
  atr_sl_min: decimal(0, 1_000_000),
  atr_sl_max: decimal(0, 1_000_000),
  atr_tp_min: decimal(0, 1_000_000),
  atr_tp_max: decimal(0, 1_000_000),
  llm_weight: decimal(0, 1),
  atr_weight: decimal(0, 1),
  auto_sltp_enabled: flag(),
  auto_trailing_enabled: flag(),
  min_profit_to_trail_pct: decimal(0, 1000, '%'),
  min_sl_distance_from_zero: decimal(-100, 100),
})

export const StaleRelease = group({
  enabled: flag(),
  max_hold_duration: duration(),
  min_profit_to_keep: decimal(0, 1_000_000),
  max_loss_to_force_close: decimal(-100, 100),
  stale_zone_lo: decimal(-100, 100),
  stale_zone_hi: decimal(0, 1_000_000),
  stale_zone_close_action: choice('close', 'reduce', 'hold'),
})

export const DynamicAiExit = group({
  dynamic_ai_exit_enabled: flag(),
  min_hold_before_ai_ms: integer(0, 2_592_000_000, 'ms'),
  ai_check_interval_ms: integer(0, 2_592_000_000, 'ms'),
  use_llm_for_loss: flag(),
  use_llm_for_profit: flag(),
  max_hold_time_ms: integer(0, 2_592_000_000, 'ms'),
})

export const EarlyWarning = group({
  enabled: flag(),
  start_after_minutes: decimal(0, 86_400, 'min'),
  min_loss_percent: decimal(0, 100, '%'),
  check_interval_secs: integer(0, 86_400, 's'),
  close_min_hold_mins: decimal(0, 86_400, 'min'),
})
