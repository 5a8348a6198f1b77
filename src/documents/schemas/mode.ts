import { flag, group, note } from './fields.ts'
import { DynamicAiExit, EarlyWarning, Sltp, StaleRelease } from './mode-exit.ts'
import { Mtf, TrendDivergence, TrendFilters } from './mode-filters.ts'
import {
  Assignment,
  Confidence,
  Entry,
  ModeCircuitBreaker,
  ModeRisk,
  Size,
  Timeframe,
} from './mode-position.ts'
import { Averaging, FundingRate, Hedge, Reversal } from './mode-scaling.ts'
import { REENTRY_FIELDS } from './scalp-reentry.ts'

/** A trading mode: `mode.ultra`, `mode.scalp`, `mode.swing`, `mode.position`. */
export const ModeSchema = group({
  enabled: flag(),
  timeframe: Timeframe,
  entry: Entry,
  confidence: Confidence,
  size: Size,
  circuit_breaker: ModeCircuitBreaker,
  sltp: Sltp,
  hedge: Hedge,
  averaging: Averaging,
  stale_release: StaleRelease,
  assignment: Assignment,
  funding_rate: FundingRate,
  risk: ModeRisk,
  trend_divergence: TrendDivergence,
  mtf: Mtf,
  dynamic_ai_exit: DynamicAiExit,
  reversal: Reversal,
  trend_filters: TrendFilters,
  early_warning: EarlyWarning,
  position_optimization: group(REENTRY_FIELDS),
  mode_name: note(),
})
