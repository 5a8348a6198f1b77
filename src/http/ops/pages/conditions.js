import { KINDS, titleOfKind } from '../lib/documents.js'
import { html, useState } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { leavesOf, loadSchemas } from '../lib/schemas.js'

/** What the settings of the users must say: `mode.scalp:size.leverage>10`, put together from the fields there are. */

const OPERATORS = {
  '>': 'more than',
  '>=': 'at least',
  '<': 'less than',
  '<=': 'at most',
  '=': 'is',
  '!=': 'is not',
}

/**
 * @param {object} props
 * @param {readonly string[]} props.conditions
 * @param {(conditions: readonly string[]) => void} props.onChange
 */
export function Conditions({ conditions, onChange }) {
  const [kind, setKind] = useState('mode.scalp')
  const [path, setPath] = useState('size.leverage')
  const [operator, setOperator] = useState('>')
  const [value, setValue] = useState('')
  const schemas = useLoad(loadSchemas, [])
  const leaves = schemas.value === undefined ? [] : leavesOf(schemas.value, kind)
  const add = () => {
    onChange([...conditions, `${kind}:${path}${operator}${value.trim()}`])
    setValue('')
  }
  const enter = event => {
    if (event.key !== 'Enter' || value.trim() === '') return
    event.preventDefault()
    add()
  }
  const choose = next => {
    setKind(next)
    const known = leavesOf(schemas.value ?? {}, next).map(leaf => leaf.path)
    if (!known.includes(path)) setPath(known[0] ?? '')
  }
  return html`
    <fieldset class="conditions">
      <legend>Whose settings say</legend>
      ${
        conditions.length === 0
          ? null
          : html`
            <ul class="chips" aria-label="Conditions">
              ${conditions.map(
                each => html`
                  <li>
                    <code>${each}</code>
                    <button type="button" class="quiet" aria-label=${`Remove ${each}`} onClick=${() => onChange(conditions.filter(one => one !== each))}>×</button>
                  </li>
                `,
              )}
            </ul>
          `
      }
      <div class="row">
        <select aria-label="Document" value=${kind} onChange=${event => choose(event.target.value)}>
          ${KINDS.map(each => html`<option value=${each}>${titleOfKind(each)}</option>`)}
        </select>
        <select aria-label="Field" value=${path} onChange=${event => setPath(event.target.value)}>
          ${leaves.map(leaf => html`<option value=${leaf.path}>${leaf.titles.join(' › ')}</option>`)}
        </select>
        <select aria-label="Comparison" value=${operator} onChange=${event => setOperator(event.target.value)}>
          ${Object.entries(OPERATORS).map(([sign, words]) => html`<option value=${sign}>${words}</option>`)}
        </select>
        <input class="short" aria-label="Value" value=${value} onInput=${event => setValue(event.target.value)} onKeyDown=${enter} />
        <button type="button" disabled=${value.trim() === '' || path === ''} onClick=${add}>Add condition</button>
      </div>
    </fieldset>
  `
}
