import { decimal, flag, group, integer } from './fields.ts'

/** The global circuit breaker against losses. */
export const CircuitBreakerSchema = group({
  enabled: flag(),
  max_loss_per_hour: decimal(50, 10_000_000, 'USD'),
  max_daily_loss: decimal(50, 10_000_000, 'USD'),
  max_consecutive_losses: integer(2, 1000),
  cooldown_minutes: integer(10, 10_080, 'min'),
  max_trades_per_minute: integer(1, 1000),
  max_daily_trades: integer(1, 1_000_000),
})
