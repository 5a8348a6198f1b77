import { durationText, timeText } from '../lib/format.js'
import { html } from '../lib/html.js'
import { fastReadsReason, guardWords, transitionWords, warningWords } from '../lib/words.js'
import { Badge, Table } from '../parts/basics.js'
import { Charts } from './charts.js'
import { Instances } from './instances.js'

/** How this instance is, what it did lately, and what the operator can do. */

/** @param {{ status: any }} props the answer of api/admin/status */
export function Health({ status }) {
  const { instance, uptime_s: uptime, health, view, transitions, samples } = status
  return html`
    <h2>Health</h2>
    <p class="muted">This page speaks to process ${processOf(instance)}, up for ${durationText(uptime)}.</p>
    <ul class="warnings" aria-label="Warnings">${health.warnings.map(text => html`<li>${warningWords(text)}</li>`)}</ul>
    <dl class="cards">${cards(health.services, view)}</dl>
    ${health.services.redis.nodes === undefined ? null : html`<${Nodes} redis=${health.services.redis} partitions=${health.cache.partitions} />`}
    <${Instances} status=${status} />
    <h2>Traffic of the last 15 minutes</h2>
    <${Charts} samples=${samples} />
    <h2>What happened</h2>
    <div class="panel"><${Transitions} transitions=${transitions} /></div>
  `
}

/** `gateway-1:7`: the host and the process, which is not the port that the list of instances names. */
function processOf(instance) {
  const [host, pid] = instance.split(/:(?=\d+$)/)
  return pid === undefined ? instance : `${pid} on ${host}`
}

function cards({ database, redis }, view) {
  const up = database.status === 'up'
  return [
    card('PostgreSQL', up ? 'good' : 'high', database.status, [
      up
        ? `Keeps all settings. Answers in ${database.latency_ms} ms.`
        : 'Nothing can be changed until it is back.',
    ]),
    card('Redis', redis.status === 'up' ? 'good' : 'medium', redis.status, [
      redis.status === 'up'
        ? `Makes reads fast. Answers in ${redis.latency_ms} ms.`
        : 'Settings come from PostgreSQL: right, and slower. Positions and orders are not cached.',
    ]),
    breakerCard(redis),
    card(
      'Fast reads',
      view.mode === 'on' ? 'good' : 'medium',
      view.mode,
      view.mode === 'on'
        ? ['Settings are answered from Redis, never older than the last change.']
        : ['Settings are answered from PostgreSQL: right, and slower.', fastReadsReason(view.reason)],
    ),
  ]
}

/** The nodes of a Redis Cluster: each has a part of the users. */
function Nodes({ redis, partitions }) {
  const rows = redis.nodes.map(({ address, status, breaker, latency_ms: latency, partitions: owned }) => [
    html`<code>${address}</code>`,
    html`<${Badge} tone=${status === 'up' ? 'good' : 'high'}>${status}</${Badge}>`,
    guardWords(breaker).text,
    `${owned} of ${partitions.total}`,
    latency === null ? '–' : `${latency} ms`,
  ])
  return html`
    <h2>Redis Cluster</h2>
    <p>Users are divided into ${partitions.total} parts; ${partitions.on} are answered from Redis.</p>
    <div class="panel"><${Table} caption="Nodes" headings=${['Node', 'State', 'Guard', 'Parts of the users', 'Answers in']} rows=${rows} /></div>
  `
}

function breakerCard({ breaker, since, consecutive_failures: failures }) {
  const text = {
    closed: 'Redis is used.',
    'half-open': 'Redis is tried again.',
    open: 'Redis is left alone, so that no request waits for it.',
  }
  const { tone, text: state } = guardWords(breaker)
  return card('Guard against a slow Redis', tone, state, [
    `${text[breaker] ?? ''} Since ${timeText(since)}.`,
    ...(failures > 0 ? [`${failures} failures in a row.`] : []),
  ])
}

function card(title, tone, state, lines) {
  return html`
    <div class="panel">
      <dt>${title}</dt>
      <dd><${Badge} tone=${tone}>${state}</${Badge}>${lines.map(line => html`<span class="muted">${line}</span>`)}</dd>
    </div>
  `
}

function Transitions({ transitions }) {
  if (transitions.length === 0) return html`<p>Redis was well since this instance started.</p>`
  const rows = transitions.map(each => {
    const { tone, what, text } = transitionWords(each)
    return [
      html`<time datetime=${each.at}>${timeText(each.at)}</time>`,
      html`<${Badge} tone=${tone}>${what}</${Badge}>`,
      text,
    ]
  })
  return html`<${Table} caption="Newest first" headings=${['Time', 'What', 'Why']} rows=${rows} />`
}
