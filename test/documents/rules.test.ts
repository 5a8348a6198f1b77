import t from 'tap'
import { BUILT_IN_DEFAULTS, documentDefaults } from '../../src/documents/defaults.ts'
import type { JsonObject } from '../../src/documents/json.ts'
import { mergeDocument } from '../../src/documents/merge.ts'
import { validateDocument } from '../../src/documents/validate.ts'

interface Case {
  readonly kind: string
  readonly patch: JsonObject
  /** Path of the fault; undefined = no fault. */
  readonly path?: string
}

const weights = (primary: number, secondary: number, tertiary: number, enabled = true) => ({
  mtf: {
    mtf_enabled: enabled,
    primary_weight: primary,
    secondary_weight: secondary,
    tertiary_weight: tertiary,
  },
})
const shares = (ultra: number, scalp: number, swing: number, position: number) => ({
  ultra_percent: ultra,
  scalp_percent: scalp,
  swing_percent: swing,
  position_percent: position,
})

const CASES: readonly Case[] = [
  { kind: 'mode.scalp', patch: { confidence: { min_confidence: 76 } }, path: 'confidence.min_confidence' },
  { kind: 'mode.scalp', patch: { confidence: { min_confidence: 75 } } },
  { kind: 'mode.scalp', patch: { confidence: { high_confidence: 86 } }, path: 'confidence.high_confidence' },
  { kind: 'mode.scalp', patch: { size: { base_size_usd: 601 } }, path: 'size.base_size_usd' },
  { kind: 'mode.scalp', patch: { size: { base_size_usd: 600 } } },
  { kind: 'mode.scalp', patch: { assignment: { confidence_min: 76 } }, path: 'assignment.confidence_min' },
  {
    kind: 'mode.scalp',
    patch: { assignment: { profit_potential_min: 4 } },
    path: 'assignment.profit_potential_min',
  },
  {
    kind: 'mode.scalp',
    patch: { assignment: { volatility_min: 'extreme' } },
    path: 'assignment.volatility_min',
  },
  { kind: 'mode.scalp', patch: { assignment: { volatility_min: 'high' } } },
  {
    kind: 'mode.scalp',
    patch: { stale_release: { stale_zone_lo: 0.6 } },
    path: 'stale_release.stale_zone_lo',
  },
  { kind: 'mode.scalp', patch: weights(0.4, 0.35, 0.26) },
  { kind: 'mode.scalp', patch: weights(0.4, 0.35, 0.24) },
  { kind: 'mode.scalp', patch: weights(0.4, 0.35, 0.27), path: 'mtf' },
  { kind: 'mode.scalp', patch: weights(1, 1, 1, false) },
  { kind: 'scalp_reentry', patch: { tp1_percent: 0.7 }, path: 'tp1_percent' },
  { kind: 'scalp_reentry', patch: { tp2_percent: 1 }, path: 'tp2_percent' },
  { kind: 'scalp_reentry', patch: { neg_tp1_percent: 0.8 }, path: 'neg_tp1_percent' },
  { kind: 'scalp_reentry', patch: { neg_tp2_percent: 1 }, path: 'neg_tp2_percent' },
  { kind: 'scalp_reentry', patch: { adaptive_min_trades: 21 }, path: 'adaptive_min_trades' },
  { kind: 'scalp_reentry', patch: { adaptive_min_trades: 20 } },
  { kind: 'capital_allocation', patch: shares(33.3, 33.3, 33.3, 0) },
  { kind: 'capital_allocation', patch: shares(25, 25, 25, 26) },
  { kind: 'capital_allocation', patch: shares(25, 25, 25, 26.1), path: '' },
  { kind: 'capital_allocation', patch: shares(25, 25, 25, 23.9), path: '' },
  { kind: 'circuit_breaker', patch: { max_loss_per_hour: 501 }, path: 'max_loss_per_hour' },
  { kind: 'circuit_breaker', patch: { max_loss_per_hour: 500 } },
  { kind: 'settings', patch: { trading: { timezone: 'Mars/Base' } }, path: 'trading.timezone' },
  { kind: 'settings', patch: { trading: { timezone: '+05:30' } }, path: 'trading.timezone' },
  { kind: 'settings', patch: { trading: { timezone: 'Asia/Kolkata' } } },
]

for (const { kind, patch, path } of CASES) {
  t.test(
    `${kind} ${JSON.stringify(patch)}: ${path === undefined ? 'right' : `fault at '${path}'`}`,
    async t => {
      const data = mergeDocument(documentDefaults(BUILT_IN_DEFAULTS, kind), patch)
      t.strictSame(
        validateDocument(kind, data, []).map(fault => fault.path),
        path === undefined ? [] : [path],
      )
    },
  )
}

t.test('a rule is silent about fields of the wrong type', async t => {
  const data = mergeDocument(documentDefaults(BUILT_IN_DEFAULTS, 'mode.scalp'), {
    confidence: { min_confidence: '90' },
  })
  t.strictSame(validateDocument('mode.scalp', data, []), [
    { path: 'confidence.min_confidence', message: 'must be number, is "90"' },
  ])
})
