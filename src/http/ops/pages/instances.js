import { call, sentence } from '../lib/api.js'
import { timeText } from '../lib/format.js'
import { html } from '../lib/html.js'
import { answersWords, nameOf, readsWords, seenWords, stateWords, warningsOf } from '../lib/instances.js'
import { useLoad } from '../lib/load.js'
import { Alert, Badge, Table } from '../parts/basics.js'

/** Every instance that uses the same database, and what is wrong with them. */

const HEADINGS = ['Instance', 'State', 'Version', 'Answers', 'Reads since its start', 'Started', 'Seen']

/** @param {{ status: any }} props asked again with each new status */
export function Instances({ status }) {
  const { value, error } = useLoad(signal => call('api/admin/instances', { signal }), [status])
  return html`
    <h2>Instances</h2>
    <${Alert}>${error === undefined ? '' : sentence(error)}</${Alert}>
    ${value === undefined ? null : html`<${Listed} answer=${value} />`}
  `
}

function Listed({ answer }) {
  const rows = answer.instances.map(each => {
    const { tone, text } = stateWords(each)
    return [
      html`<code>${nameOf(each)}</code>${each.self ? ' (this one)' : ''}`,
      html`<${Badge} tone=${tone}>${text}</${Badge}>`,
      each.version,
      answersWords(each),
      readsWords(each),
      html`<time datetime=${each.started_at}>${timeText(each.started_at)}</time>`,
      seenWords(each),
    ]
  })
  return html`
    <ul class="warnings" aria-label="Warnings about instances">${warningsOf(answer).map(text => html`<li>${text}</li>`)}</ul>
    <div class="panel"><${Table} caption="The last started first" headings=${HEADINGS} rows=${rows} /></div>
  `
}
