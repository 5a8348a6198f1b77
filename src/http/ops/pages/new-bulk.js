import { ProblemAnswer, send, sentence } from '../lib/api.js'
import { patchOf } from '../lib/edits.js'
import { countText, valueText } from '../lib/format.js'
import { html, useState } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { loadSchemas } from '../lib/schemas.js'
import { Alert, Risk, Table } from '../parts/basics.js'
import { areReady, BulkFields, FIRST_FIELDS, valuesOf } from './bulk-fields.js'
import { Conditions, DRAFT, withDraft } from './conditions.js'

/** Puts a change of many users together, and starts it after a dry run has counted them. */

/** @param {{ onStarted: () => void }} props */
export function NewBulk({ onStarted }) {
  const schemas = useLoad(loadSchemas, [])
  const [{ conditions, draft }, setWhere] = useState({ conditions: [], draft: DRAFT })
  const [fields, setFields] = useState(FIRST_FIELDS)
  const [reason, setReason] = useState('')
  const [seen, setSeen] = useState(undefined)
  const [fault, setFault] = useState('')
  const body = {
    document: fields.kind,
    data: patchOf(valuesOf(schemas.value, fields)),
    where: withDraft(conditions, draft),
    reason: reason.trim(),
  }
  const key = JSON.stringify(body)
  const isReady = areReady(fields) && reason.trim() !== ''
  const work = async what => {
    setFault('')
    try {
      await what()
    } catch (error) {
      setFault(sentence(error))
    }
  }
  const look = () => work(async () => setSeen({ key, ...(await post('?dry_run=true', body)) }))
  const start = () =>
    work(async () => {
      await post('', body, seen.etag)
      setSeen(undefined)
      setFields({ ...fields, edits: {} })
      setReason('')
      onStarted()
    })
  return html`
    <form class="panel search" autocomplete="off" onSubmit=${event => event.preventDefault()}>
      <${Conditions} conditions=${conditions} draft=${draft} onChange=${(next, rest) => setWhere({ conditions: next, draft: rest })} />
      ${body.where.length === 0 ? html`<p class="muted">Without a condition the change is for all users.</p>` : null}
      <div class="fields">
        <${BulkFields} all=${schemas.value} fields=${fields} onChange=${setFields} />
        <div class="field">
          <label for="bulk-reason">Why</label>
          <input id="bulk-reason" value=${reason} maxlength="500" onInput=${event => setReason(event.target.value)} />
        </div>
      </div>
      <${Alert}>${fault}</${Alert}>
      ${seen?.key === key ? html`<${Seen} report=${seen.report} />` : null}
      <p class="row">
        ${
          seen?.key === key
            ? html`<button type="button" class="danger" disabled=${seen.report.changing === 0} onClick=${start}>Change ${countText(seen.report.changing, 'user')}</button>`
            : html`<button type="button" class="primary" disabled=${!isReady} onClick=${look}>Show what would change</button>`
        }
      </p>
    </form>
  `
}

function Seen({ report }) {
  const { users, changing, changes } = report
  const rows = changes.map(({ path, new: value, users: count, risk, impact = '' }) => [
    html`<code>${path}</code>`,
    html`<code>${valueText(value)}</code>`,
    count.toLocaleString(),
    html`<${Risk} risk=${risk} /> ${impact}`,
  ])
  return html`
    <p role="status">
      ${countText(users, 'user')} ${users === 1 ? 'fits' : 'fit'}; ${changing.toLocaleString()} of them would get another value.
      ${' '}Users whose document changes before their turn are left out and named as refused.
    </p>
    ${rows.length === 0 ? null : html`<${Table} caption="What would change" headings=${['Field', 'New value', 'Users', 'Risk']} rows=${rows} />`}
  `
}

/** With the tag of what was seen, so that nobody is overwritten who has changed since. */
async function post(query, body, ifMatch) {
  const response = await send(`api/admin/bulk-changes${query}`, {
    method: 'POST',
    body,
    ...(ifMatch && { ifMatch }),
  })
  const report = await response.json().catch(() => undefined)
  if (!response.ok) throw new ProblemAnswer(response.status, report)
  return { report, etag: response.headers.get('etag') ?? '' }
}
