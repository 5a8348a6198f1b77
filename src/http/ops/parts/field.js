import { sameJson } from '../lib/edits.js'
import { valueText } from '../lib/format.js'
import { html, useId } from '../lib/html.js'
import { inputOf, readText, textOf } from '../lib/texts.js'
import { Risk } from './basics.js'

/**
 * One setting: its title, its value, its unit and bounds, what the default is, and how risky it is.
 * @param {object} props
 * @param {string} props.path
 * @param {any} props.schema
 * @param {unknown} props.value what is stored
 * @param {import('../lib/edits.js').Edit} [props.edit] what was typed
 * @param {any} [props.change] how it differs from the default; undefined = it does not, null = it is a default itself
 * @param {string} [props.risk] of what was typed
 * @param {string} [props.fault] what the gateway says of what was typed
 * @param {(edit: import('../lib/edits.js').Edit | undefined) => void} props.onEdit undefined = as stored
 */
export function Field({ path, schema, value, edit, change, risk, fault, onEdit }) {
  const id = useId()
  const said = edit?.fault ?? fault
  const type = text => {
    const read = readText(schema, text, value)
    onEdit('value' in read && sameJson(read.value, value) ? undefined : { text, ...read })
  }
  const choose = next => onEdit(sameJson(next, value) ? undefined : { text: next, value: next })
  const useDefault = () => onEdit({ text: textOf(schema, change.default), value: change.default })
  const shownRisk = edit === undefined ? change?.risk : risk
  const described = [`${id}-note`, ...(said === undefined ? [] : [`${id}-fault`])].join(' ')
  const attributes = { id, 'aria-describedby': described, 'aria-invalid': said !== undefined }
  return html`
    <div class=${`field ${edit === undefined ? '' : 'edited'}`} data-path=${path}>
      <label for=${id}>${schema.title ?? path.split('.').at(-1)}</label>
      <${Input} schema=${schema} value=${edit === undefined ? value : edit.value} text=${edit?.text ?? textOf(schema, value)} attributes=${attributes} type=${type} choose=${choose} />
      <p id=${`${id}-note`} class="muted facts">
        <span>${noteOf(schema)}</span>
        ${value === undefined && change === undefined ? null : defaultNote(change)}
        ${edit === undefined || (change === null && value === undefined) ? null : html`<span>stored: <code>${valueText(value)}</code></span>`}
        ${shownRisk === undefined ? null : html`<${Risk} risk=${shownRisk} />`}
      </p>
      ${said === undefined ? null : html`<p id=${`${id}-fault`} class="fault">${said}</p>`}
      <p class="row small">
        ${change && 'default' in change && !sameJson(edit?.value ?? value, change.default) ? html`<button type="button" class="quiet" onClick=${useDefault}>Use the default</button>` : null}
        ${edit === undefined ? null : html`<button type="button" class="quiet" onClick=${() => onEdit(undefined)}>Undo</button>`}
      </p>
    </div>
  `
}

function Input({ schema, value, text, attributes, type, choose }) {
  switch (inputOf(schema)) {
    case 'flag':
      return html`<input type="checkbox" ...${attributes} checked=${value === true} onChange=${event => choose(event.target.checked)} />`
    case 'choice':
      return html`
        <select ...${attributes} value=${value ?? ''} onChange=${event => choose(event.target.value)}>
          ${[...new Set([...(value === undefined ? [''] : []), ...schema.enum])].map(each => html`<option value=${each}>${each === '' ? '(none)' : each}</option>`)}
        </select>
      `
    case 'json':
      return html`<textarea ...${attributes} rows="5" spellcheck=${false} onInput=${event => type(event.target.value)} value=${text}></textarea>`
    case 'number':
      return html`<input ...${attributes} class="number" inputmode="decimal" autocomplete="off" value=${text} onInput=${event => type(event.target.value)} />`
    default:
      return html`<input ...${attributes} autocomplete="off" spellcheck=${false} value=${text} onInput=${event => type(event.target.value)} />`
  }
}

function defaultNote(change) {
  if (change === null) return null
  return change === undefined
    ? html`<span>the default</span>`
    : html`<span>default: <code>${valueText(change.default)}</code></span>`
}

function noteOf(schema) {
  const input = inputOf(schema)
  const description = (schema.description ?? '').replaceAll(/\d{5,}/g, digits =>
    Number(digits).toLocaleString(),
  )
  if (input === 'list') return `${description}; with commas between them`
  return input === 'json' ? `${description || 'JSON'}; what you leave out stays` : description
}
