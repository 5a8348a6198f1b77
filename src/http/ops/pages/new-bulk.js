import { ProblemAnswer, send, sentence } from '../lib/api.js'
import { KINDS, titleOfKind } from '../lib/documents.js'
import { patchOf, valueAt } from '../lib/edits.js'
import { countText } from '../lib/format.js'
import { html, useState } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { leavesOf, loadSchemas, schemaOf } from '../lib/schemas.js'
import { inputOf } from '../lib/texts.js'
import { Alert, Risk } from '../parts/basics.js'
import { Field } from '../parts/field.js'
import { Conditions, DRAFT, withDraft } from './conditions.js'

/** Puts a change of many users together, and starts it after a dry run has counted them. */

/** @param {{ onStarted: () => void }} props */
export function NewBulk({ onStarted }) {
  const schemas = useLoad(loadSchemas, [])
  const [{ conditions, draft }, setWhere] = useState({ conditions: [], draft: DRAFT })
  const [kind, setKind] = useState('mode.scalp')
  const [path, setPath] = useState('size.leverage')
  const [edit, setEdit] = useState(undefined)
  const [reason, setReason] = useState('')
  const [seen, setSeen] = useState(undefined)
  const [fault, setFault] = useState('')
  const all = schemas.value
  const leaves = all === undefined ? [] : leavesOf(all, kind)
  const schema =
    all === undefined
      ? {}
      : (valueAt(
          schemaOf(all, kind),
          path.split('.').flatMap(name => ['properties', name]),
        ) ?? {})
  const isFlag = inputOf(schema) === 'flag'
  const value = isFlag ? edit?.value === 'on' : edit?.value
  const body = {
    document: kind,
    data: patchOf({ [path]: { text: '', value } }),
    where: withDraft(conditions, draft),
    reason: reason.trim(),
  }
  const key = JSON.stringify(body)
  const isReady = edit !== undefined && edit.fault === undefined && reason.trim() !== ''
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
      setEdit(undefined)
      setReason('')
      onStarted()
    })
  const choose = (next, known) => {
    setKind(next)
    setPath(known)
    setEdit(undefined)
  }
  return html`
    <form class="panel search" autocomplete="off" onSubmit=${event => event.preventDefault()}>
      <${Conditions} conditions=${conditions} draft=${draft} onChange=${(next, rest) => setWhere({ conditions: next, draft: rest })} />
      <div class="fields">
        <div class="field">
          <label for="bulk-document">Change the document</label>
          <select id="bulk-document" value=${kind} onChange=${event => choose(event.target.value, leavesOf(all, event.target.value)[0].path)}>
            ${KINDS.map(each => html`<option value=${each}>${titleOfKind(each)}</option>`)}
          </select>
          <label for="bulk-field">and in it the field</label>
          <select id="bulk-field" value=${path} onChange=${event => choose(kind, event.target.value)}>
            ${leaves.map(leaf => html`<option value=${leaf.path}>${leaf.titles.join(' › ')}</option>`)}
          </select>
        </div>
        <${Field} key=${`${kind} ${path}`} path=${path} schema=${isFlag ? { title: schema.title, type: 'string', enum: ['on', 'off'] } : schema} edit=${edit} change=${null} onEdit=${setEdit} />
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
  return html`
    <p role="status">
      ${countText(users, 'user')} ${users === 1 ? 'fits' : 'fit'}; ${changing.toLocaleString()} of them would get another value. ${changes.map(({ risk, impact = '' }) => html`<${Risk} risk=${risk} /> ${impact}`)}
      ${' '}Users whose document changes before their turn are left out and named as refused.
    </p>
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
