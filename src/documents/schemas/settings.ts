import { choice, decimal, flag, freeObject, group, note, text, timeOfDay, timeZone } from './fields.ts'

/** Trading switches, notifications and preferences of a user. */
export const SettingsSchema = group({
  trading: group({
    current_mode: choice('ultra', 'scalp', 'swing', 'position'),
    trading_enabled: flag(),
    dry_run: flag(),
    risk_level: choice('conservative', 'moderate', 'aggressive'),
    max_usd_allocation: decimal(1, 10_000_000, 'USD'),
    profit_reinvest_percent: decimal(0, 100, '%'),
    profit_reinvest_risk_level: choice('conservative', 'moderate', 'aggressive'),
    timezone: timeZone(),
    timezone_offset: note(),
  }),
  notifications: group({
    email_enabled: flag(),
    telegram_enabled: flag(),
    on_trade_open: flag(),
    on_trade_close: flag(),
    on_stop_loss: flag(),
    on_circuit_breaker: flag(),
    on_error: flag(),
    telegram_chat_id: text(64),
    min_pnl_usd: decimal(0, 1_000_000, 'USD'),
    daily_summary_time: timeOfDay(),
  }),
  preferences: freeObject('any JSON object, for the UI'),
})
