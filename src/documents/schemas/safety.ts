import { decimal, flag, group, integer } from './fields.ts'

/** When trading in a mode pauses: `safety.ultra`, ... */
export const SafetySchema = group({
  max_trades_per_minute: integer(1, 100),
  max_trades_per_hour: integer(1, 1000),
  max_trades_per_day: integer(1, 10_000),
  enable_profit_monitor: flag(),
  profit_window_minutes: integer(1, 10_080, 'min'),
  max_loss_percent_in_window: decimal(-100, 0, '%'),
  pause_cooldown_minutes: integer(0, 10_080, 'min'),
  enable_win_rate_monitor: flag(),
  win_rate_sample_size: integer(1, 1000),
  min_win_rate_threshold: decimal(0, 100, '%'),
  win_rate_cooldown_minutes: integer(0, 10_080, 'min'),
})
