import { byId } from './dom.js'
import uPlot from './vendor/uPlot.esm.js'

/** Hit ratio and latency of the samples, drawn with uPlot. A text beside each chart has the latest values. */

const HEIGHT_PX = 180
/** The gateway keeps samples of this time. */
const SHOWN_S = 900
const darkScheme = matchMedia('(prefers-color-scheme: dark)')
const charts = new Map()
let last = []

/** @param {any[]} samples oldest first */
export function showCharts(samples) {
  last = samples
  const times = samples.map(({ at }) => Date.parse(at) / 1_000)
  const ratios = samples.map(hitRatio)
  draw('hit-ratio', [times, ratios], [line('hits', '--chart-1', '%')], [0, 100])
  byId('hit-ratio-text').textContent = hitText(samples)
  draw(
    'latency',
    [times, samples.map(each => each.p50_ms), samples.map(each => each.p99_ms)],
    [line('p50', '--chart-1', ' ms'), line('p99', '--chart-2', ' ms')],
  )
  byId('latency-text').textContent = latencyText(samples)
}

function hitRatio({ hits, misses, bypasses, unverified }) {
  const all = hits + misses + bypasses + unverified
  return all === 0 ? null : (100 * (hits + unverified)) / all
}

function hitText(samples) {
  const sum = name => samples.reduce((total, each) => total + each[name], 0)
  const all = {
    hits: sum('hits'),
    misses: sum('misses'),
    bypasses: sum('bypasses'),
    unverified: sum('unverified'),
  }
  const ratio = hitRatio(all)
  return ratio === null
    ? 'no reads of settings yet'
    : `${ratio.toFixed(1)} %: ${all.hits + all.unverified} hits, ${all.misses} misses, ${all.bypasses} past the cache`
}

function latencyText(samples) {
  const latest = samples.findLast(({ p50_ms: p50 }) => p50 !== null)
  if (latest === undefined) return 'no requests yet'
  const perSecond = latest.requests / latest.seconds
  const { p50_ms: p50, p99_ms: p99 } = latest
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms at ${perSecond.toFixed(1)} requests/s`
}

function draw(id, data, series, range) {
  const known = charts.get(id)
  if (known !== undefined) {
    known.setData(data)
    return
  }
  const host = byId(id)
  const axis = {
    stroke: color('--muted'),
    grid: { stroke: color('--line') },
    ticks: { stroke: color('--line') },
  }
  const options = {
    width: host.clientWidth,
    height: HEIGHT_PX,
    series: [{ label: 'time' }, ...series],
    axes: [axis, { ...axis, size: 56 }],
    scales: {
      x: { range: () => [Date.now() / 1_000 - SHOWN_S, Date.now() / 1_000] },
      y: { range: range ?? ((_chart, _least, most) => [0, Math.max(1, (most ?? 0) * 1.1)]) },
    },
    cursor: { drag: { x: false, y: false } },
  }
  const chart = new uPlot(options, data, host)
  charts.set(id, chart)
}

function line(label, variable, unit) {
  return {
    label,
    stroke: color(variable),
    width: 2,
    value: (_chart, value) => (value === null ? '–' : `${value.toFixed(1)}${unit}`),
  }
}

function color(variable) {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim()
}

/** A chart keeps its colours, so the charts are replaced when the scheme changes. */
darkScheme.addEventListener('change', () => {
  for (const chart of charts.values()) chart.destroy()
  charts.clear()
  showCharts(last)
})

new ResizeObserver(() => {
  for (const [id, chart] of charts) {
    const width = byId(id).clientWidth
    if (width > 0) chart.setSize({ width, height: HEIGHT_PX })
  }
}).observe(byId('content'))
