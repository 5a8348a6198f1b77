import { KINDS, titleOfKind } from '../lib/documents.js'
import { html } from '../lib/html.js'
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

/** A condition that is being put together. */
export const DRAFT = { kind: 'mode.scalp', path: 'size.leverage', operator: '>', value: '' }

/**
 * The conditions with the one that is being put together, if it has a value.
 * @param {readonly string[]} conditions
 * @param {typeof DRAFT} draft
 */
export function withDraft(conditions, { kind, path, operator, value }) {
  if (value.trim() === '' || path === '') return conditions
  return [...new Set([...conditions, `${kind}:${path}${operator}${value.trim()}`])]
}

/**
 * @param {object} props
 * @param {readonly string[]} props.conditions
 * @param {typeof DRAFT} props.draft
 * @param {(conditions: readonly string[], draft: typeof DRAFT) => void} props.onChange
 */
export function Conditions({ conditions, draft, onChange }) {
  const { kind, path, operator, value } = draft
  const edit = part => onChange(conditions, { ...draft, ...part })
  const schemas = useLoad(loadSchemas, [])
  const leaves = schemas.value === undefined ? [] : leavesOf(schemas.value, kind)
  const add = () => onChange(withDraft(conditions, draft), { ...draft, value: '' })
  const choose = next => {
    const known = leavesOf(schemas.value ?? {}, next).map(leaf => leaf.path)
    edit({ kind: next, path: known.includes(path) ? path : (known[0] ?? '') })
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
                    <button type="button" class="quiet" aria-label=${`Remove ${each}`} onClick=${() =>
                      onChange(
                        conditions.filter(one => one !== each),
                        draft,
                      )}>×</button>
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
        <select aria-label="Field" value=${path} onChange=${event => edit({ path: event.target.value })}>
          ${leaves.map(leaf => html`<option value=${leaf.path}>${leaf.titles.join(' › ')}</option>`)}
        </select>
        <select aria-label="Comparison" value=${operator} onChange=${event => edit({ operator: event.target.value })}>
          ${Object.entries(OPERATORS).map(([sign, words]) => html`<option value=${sign}>${words}</option>`)}
        </select>
        <input class="short" aria-label="Value" value=${value} onInput=${event => edit({ value: event.target.value })} />
        <button type="button" disabled=${value.trim() === '' || path === ''} onClick=${add}>Add condition</button>
      </div>
    </fieldset>
  `
}
