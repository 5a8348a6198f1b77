import { KINDS, titleOfKind } from '../lib/documents.js'
import { valueAt } from '../lib/edits.js'
import { html } from '../lib/html.js'
import { leavesOf, schemaOf } from '../lib/schemas.js'
import { inputOf } from '../lib/texts.js'
import { Field } from '../parts/field.js'

/** The new values of a change of many users: some fields of one document. */

/** What begins on the page. */
export const FIRST_FIELDS = { kind: 'mode.scalp', paths: ['size.leverage'], edits: {} }

/** True when each field has a value. @param {typeof FIRST_FIELDS} fields */
export function areReady({ paths, edits }) {
  return paths.length > 0 && paths.every(path => edits[path] !== undefined && edits[path].fault === undefined)
}

/** The edits with flags as the gateway has them. @param {any} all the schemas @param {typeof FIRST_FIELDS} fields */
export function valuesOf(all, { kind, paths, edits }) {
  const known = paths.filter(path => edits[path] !== undefined)
  return Object.fromEntries(
    known.map(path => {
      const isFlag = inputOf(fieldSchema(all, kind, path)) === 'flag'
      return [path, { text: '', value: isFlag ? edits[path].value === 'on' : edits[path].value }]
    }),
  )
}

/**
 * @param {object} props
 * @param {any} props.all the schemas; undefined = not read yet
 * @param {typeof FIRST_FIELDS} props.fields
 * @param {(fields: typeof FIRST_FIELDS) => void} props.onChange
 */
export function BulkFields({ all, fields, onChange }) {
  const { kind, paths, edits } = fields
  const leaves = all === undefined ? [] : leavesOf(all, kind)
  const left = leaves.filter(({ path }) => !paths.includes(path))
  const choose = event => onChange({ kind: event.target.value, paths: [], edits: {} })
  const add = event => onChange({ ...fields, paths: [...paths, event.target.value] })
  const remove = path =>
    onChange({
      ...fields,
      paths: paths.filter(each => each !== path),
      edits: { ...edits, [path]: undefined },
    })
  const titles = paths.map(path => fieldSchema(all, kind, path).title)
  const titleOf = path => {
    const { title } = fieldSchema(all, kind, path)
    const isAlone = titles.filter(each => each === title).length === 1
    return isAlone ? title : leaves.find(leaf => leaf.path === path)?.titles.join(' › ')
  }
  return html`
    <div class="field">
      <label for="bulk-document">Change the document</label>
      <select id="bulk-document" value=${kind} onChange=${choose}>
        ${KINDS.map(each => html`<option value=${each}>${titleOfKind(each)}</option>`)}
      </select>
    </div>
    ${paths.map(
      path => html`
        <div key=${`${kind} ${path}`}>
          <${Field} path=${path} schema=${shownSchema(all, kind, path, titleOf(path))} edit=${edits[path]} change=${null} onEdit=${edit =>
            onChange({ ...fields, edits: { ...edits, [path]: edit } })} />
          <p class="row small"><button type="button" class="quiet" onClick=${() => remove(path)}>Leave out ${titleOf(path)}</button></p>
        </div>
      `,
    )}
    <div class="field">
      <label for="bulk-field">${paths.length === 0 ? 'Field' : 'One more field'}</label>
      <select id="bulk-field" key=${paths.length} value="" onChange=${add}>
        <option value="">Choose…</option>
        ${left.map(leaf => html`<option value=${leaf.path}>${leaf.titles.join(' › ')}</option>`)}
      </select>
    </div>
  `
}

function fieldSchema(all, kind, path) {
  const names = path.split('.').flatMap(name => ['properties', name])
  return (all === undefined ? undefined : valueAt(schemaOf(all, kind), names)) ?? {}
}

/** A flag has no stored value here: on and off are chosen, so that "off" is not what nobody has touched. */
function shownSchema(all, kind, path, title) {
  const schema = fieldSchema(all, kind, path)
  return inputOf(schema) === 'flag'
    ? { title, type: 'string', enum: ['on', 'off'] }
    : { ...schema, ...(title && { title }) }
}
