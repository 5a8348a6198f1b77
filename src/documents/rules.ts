import type { Fault } from '../errors.ts'
import { isJsonObject, type JsonObject, own } from './json.ts'
import { VOLATILITIES } from './schemas/mode-position.ts'
import { timeZoneFault } from './time-zones.ts'

/** A rule across fields. */
interface Rule {
  /** Paths of the fields that it compares. */
  readonly fields: readonly string[]
  /** Says what is wrong, or nothing; silent when a field has the wrong type. */
  readonly check: (data: JsonObject) => Fault | undefined
}

/** Clients send rounded thirds. */
const ALLOCATION_TOLERANCE_PERCENT = 1
const WEIGHTS_TOLERANCE = 0.01
/** Sums of decimals are not exact: 0.4 + 0.35 + 0.26 must not fail by 1e-17. */
const ROUNDING = 1e-9

const WEIGHTS = ['mtf.primary_weight', 'mtf.secondary_weight', 'mtf.tertiary_weight']
const SHARES = ['ultra_percent', 'scalp_percent', 'swing_percent', 'position_percent']

const RULES: Readonly<Record<string, readonly Rule[]>> = {
  mode: [
    inOrder('confidence.min_confidence', 'confidence.high_confidence'),
    inOrder('confidence.high_confidence', 'confidence.ultra_confidence'),
    inOrder('size.base_size_usd', 'size.max_size_usd'),
    inOrder('assignment.confidence_min', 'assignment.confidence_max'),
    inOrder('assignment.profit_potential_min', 'assignment.profit_potential_max'),
    { fields: ['assignment.volatility_min', 'assignment.volatility_max'], check: checkVolatilityOrder },
    inOrder('stale_release.stale_zone_lo', 'stale_release.stale_zone_hi'),
    { fields: ['mtf.mtf_enabled', ...WEIGHTS], check: checkSumOfWeights },
    ...reentryRules('position_optimization.'),
  ],
  scalp_reentry: reentryRules(''),
  capital_allocation: [{ fields: SHARES, check: checkSumOfShares }],
  circuit_breaker: [inOrder('max_loss_per_hour', 'max_daily_loss')],
  settings: [{ fields: ['trading.timezone'], check: checkTimeZone }],
}

/** The faults of a document, or a part of one, against the rules across its fields: those with a field for which `concerns` is true. */
export function checkRules(
  family: string,
  data: JsonObject,
  concerns: (path: string) => boolean = () => true,
): Fault[] {
  return (RULES[family] ?? [])
    .filter(({ fields }) => fields.some(concerns))
    .map(({ check }) => check(data))
    .filter(fault => fault !== undefined)
}

/** Rules for the fields of `scalp_reentry`, which stand below `prefix`. */
function reentryRules(prefix: string): readonly Rule[] {
  const at = (name: string) => `${prefix}${name}`
  return [
    ascending(at('tp1_percent'), at('tp2_percent')),
    ascending(at('tp2_percent'), at('tp3_percent')),
    ascending(at('neg_tp1_percent'), at('neg_tp2_percent')),
    ascending(at('neg_tp2_percent'), at('neg_tp3_percent')),
    inOrder(at('adaptive_min_trades'), at('adaptive_window_trades')),
  ]
}

function inOrder(lesser: string, greater: string): Rule {
  const check: Rule['check'] = data => {
    const [low, high] = [numberAt(data, lesser), numberAt(data, greater)]
    if (low === undefined || high === undefined || low <= high) return undefined
    return { path: lesser, message: `must be <= ${greater} (${high})` }
  }
  return { fields: [lesser, greater], check }
}

function ascending(lesser: string, greater: string): Rule {
  const check: Rule['check'] = data => {
    const [low, high] = [numberAt(data, lesser), numberAt(data, greater)]
    if (low === undefined || high === undefined || low < high) return undefined
    return { path: lesser, message: `must be < ${greater} (${high})` }
  }
  return { fields: [lesser, greater], check }
}

function checkVolatilityOrder(data: JsonObject): Fault | undefined {
  const rank = (path: string) => (VOLATILITIES as readonly unknown[]).indexOf(valueAt(data, path))
  const [low, high] = [rank('assignment.volatility_min'), rank('assignment.volatility_max')]
  if (low < 0 || high < 0 || low <= high) return undefined
  return {
    path: 'assignment.volatility_min',
    message: `must not be above assignment.volatility_max (${VOLATILITIES.join(', ')})`,
  }
}

function checkSumOfWeights(data: JsonObject): Fault | undefined {
  if (valueAt(data, 'mtf.mtf_enabled') !== true) return undefined
  const sum = sumOf(data, WEIGHTS)
  if (sum === undefined || Math.abs(sum - 1) <= WEIGHTS_TOLERANCE + ROUNDING) return undefined
  return {
    path: 'mtf',
    message: `the three weights must sum to 1 (+- ${WEIGHTS_TOLERANCE}), not ${round(sum)}`,
  }
}

function checkSumOfShares(data: JsonObject): Fault | undefined {
  const sum = sumOf(data, SHARES)
  if (sum === undefined || Math.abs(sum - 100) <= ALLOCATION_TOLERANCE_PERCENT + ROUNDING) return undefined
  return {
    path: '',
    message: `the four percentages must sum to 100 (+- ${ALLOCATION_TOLERANCE_PERCENT}), not ${round(sum)}`,
  }
}

function checkTimeZone(data: JsonObject): Fault | undefined {
  const path = 'trading.timezone'
  const name = valueAt(data, path)
  const message = typeof name === 'string' ? timeZoneFault(name) : undefined
  return message === undefined ? undefined : { path, message }
}

function sumOf(data: JsonObject, paths: readonly string[]): number | undefined {
  let sum = 0
  for (const path of paths) {
    const value = numberAt(data, path)
    if (value === undefined) return undefined
    sum += value
  }
  return sum
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

function numberAt(data: JsonObject, path: string): number | undefined {
  const value = valueAt(data, path)
  return typeof value === 'number' ? value : undefined
}

function valueAt(data: JsonObject, path: string): unknown {
  let value: unknown = data
  for (const name of path.split('.')) value = isJsonObject(value) ? own(value, name) : undefined
  return value
}
