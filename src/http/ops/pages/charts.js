import { html, useEffect, useRef } from '../lib/html.js'
import uPlot from '../vendor/uplot.mjs'

/** Hit ratio and latency of the samples, drawn with uPlot. A text beside each chart has the latest values. */

const HEIGHT_PX = 180
/** The gateway keeps samples of this time. */
const SHOWN_S = 900
const darkScheme = matchMedia('(prefers-color-scheme: dark)')

/** @param {{ samples: readonly any[] }} props oldest first */
export function Charts({ samples }) {
  const times = samples.map(({ at }) => Date.parse(at) / 1_000)
  const latencies = [samples.map(each => each.p50_ms), samples.map(each => each.p99_ms)]
  return html`
    <div class="charts">
      <${Figure} id="hit-ratio" title="Answered from Redis" text=${hitText(samples)}
        data=${[times, samples.map(hitRatio)]} lines=${[['from Redis', '--chart-1', '%']]} range=${[0, 100]} />
      <${Figure} id="latency" title="Time to answer" text=${latencyText(samples)}
        data=${[times, ...latencies]} lines=${[['half', '--chart-1', ' ms'], ['99 of 100', '--chart-2', ' ms']]} />
    </div>
  `
}

function Figure({ id, title, text, data, lines, range }) {
  const host = useRef(null)
  const chart = useRef(null)
  const latest = useRef(data)
  latest.current = data
  useEffect(() => {
    const drawAgain = () => {
      chart.current?.destroy()
      chart.current = draw(host.current, latest.current, lines, range)
    }
    const resized = new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width > 0) chart.current?.setSize({ width: contentRect.width, height: HEIGHT_PX })
    })
    drawAgain()
    resized.observe(host.current)
    // A chart keeps its colours.
    darkScheme.addEventListener('change', drawAgain)
    return () => {
      darkScheme.removeEventListener('change', drawAgain)
      resized.disconnect()
      chart.current.destroy()
    }
  }, [])
  useEffect(() => chart.current?.setData(data), [data])
  return html`
    <figure class="panel">
      <figcaption><strong>${title}</strong> <span id=${`${id}-text`} class="muted">${text}</span></figcaption>
      <div class="chart" role="img" aria-labelledby=${`${id}-text`} ref=${host}></div>
    </figure>
  `
}

function draw(host, data, lines, range) {
  const axis = {
    stroke: color('--muted'),
    grid: { stroke: color('--line') },
    ticks: { stroke: color('--line') },
  }
  const series = lines.map(([label, variable, unit]) => ({
    label,
    stroke: color(variable),
    width: 2,
    value: (_chart, value) => (value === null ? '–' : `${value.toFixed(1)}${unit}`),
  }))
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
  return new uPlot(options, data, host)
}

function color(variable) {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim()
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
  if (ratio === null) return 'no reads of settings yet'
  return `${ratio.toFixed(1)} %: ${all.hits + all.unverified} from Redis, ${all.misses} first reads, ${all.bypasses} past the cache`
}

function latencyText(samples) {
  const latest = samples.findLast(({ p50_ms: p50 }) => p50 !== null)
  if (latest === undefined) return 'no requests yet'
  const perSecond = latest.requests / latest.seconds
  const { p50_ms: p50, p99_ms: p99 } = latest
  return `half within ${p50.toFixed(1)} ms, 99 of 100 within ${p99.toFixed(1)} ms, at ${perSecond.toFixed(1)} requests/s`
}
