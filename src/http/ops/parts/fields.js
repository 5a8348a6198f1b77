import { valueAt } from '../lib/edits.js'
import { countText } from '../lib/format.js'
import { html, useState } from '../lib/html.js'
import { isGroup } from '../lib/schemas.js'
import { Field } from './field.js'

/**
 * The fields of a document in the groups of its schema.
 * @param {object} props
 * @param {any} props.schema
 * @param {any} props.data what is stored
 * @param {import('../lib/edits.js').Edits} props.edits
 * @param {ReadonlyMap<string, any>} [props.changes] what differs from the defaults, by path; undefined = these are the defaults
 * @param {ReadonlyMap<string, any>} props.preview what would change, by path
 * @param {ReadonlyMap<string, string>} props.faults by path
 * @param {{ text: string, own: boolean }} props.filter
 * @param {(path: string, edit: any) => void} props.onEdit
 * @param {readonly string[]} [props.names] the names of the group
 */
export function Fields({ names = [], ...props }) {
  const { schema, data } = props
  const known = schema.properties ?? {}
  // What a newer bot has and the gateway does not know is a setting as well.
  const unknown = Object.keys(data ?? {}).filter(name => !Object.hasOwn(known, name))
  const children = [...Object.entries(known), ...unknown.map(name => [name, inferred(name, data[name])])].map(
    ([name, child]) => ({ child, name, path: [...names, name] }),
  )
  const groups = children.filter(({ child }) => isGroup(child))
  const fields = children.filter(({ child }) => !isGroup(child))
  return html`
    <div class="fields">
      ${fields.filter(each => isShown(props, each.path.join('.'), each.child)).map(each => html`<${Leaf} key=${each.name} ...${each} props=${props} />`)}
    </div>
    ${groups.map(each => html`<${Group} key=${each.name} ...${each} props=${props} />`)}
  `
}

function Leaf({ name, path, child, props }) {
  const { data, edits, changes, preview, faults, onEdit } = props
  const text = path.join('.')
  return html`<${Field}
    path=${text} schema=${child} value=${data?.[name]} edit=${edits[text]} change=${changes === undefined ? null : changes.get(text)}
    risk=${preview.get(text)?.risk} fault=${faults.get(text)} onEdit=${edit => onEdit(text, edit)} />`
}

function Group({ name, path, child, props }) {
  const { data, edits, changes, faults, filter } = props
  const prefix = `${path.join('.')}.`
  const inside = map => [...map.keys()].filter(each => each.startsWith(prefix)).length
  const own = inside(changes ?? new Map())
  const edited = Object.keys(edits).filter(each => each.startsWith(prefix)).length
  const [open, setOpen] = useState(
    own > 0 || (path.length === 1 && Object.keys(props.schema.properties).length <= 4),
  )
  const searching = filter.text !== '' || filter.own
  if (searching && !hasShown(props, path, child, data?.[name])) return null
  return html`
    <details class="panel group" open=${open || searching || inside(faults) > 0} onToggle=${event => searching || setOpen(event.target.open)}>
      <summary>
        <span class="group-title">${child.title ?? name}</span>
        ${own === 0 ? null : html` <span class="badge low">${countText(own, 'differs', 'differ')}</span>`}
        ${edited === 0 ? null : html` <span class="badge medium">${countText(edited, 'change')}</span>`}
      </summary>
      <${Fields} ...${props} schema=${child} data=${valueAt(data, [name])} names=${path} />
    </details>
  `
}

function isShown({ filter, changes, edits }, path, schema) {
  if (edits[path] !== undefined) return true
  if (filter.own && !changes?.has(path)) return false
  return `${path} ${schema.title ?? ''}`.toLowerCase().includes(filter.text)
}

function hasShown(props, path, schema, data) {
  const names = new Set([...Object.keys(schema.properties), ...Object.keys(data ?? {})])
  return [...names].some(name => {
    const child = schema.properties[name] ?? {}
    const below = [...path, name]
    return isGroup(child)
      ? hasShown(props, below, child, data?.[name])
      : isShown(props, below.join('.'), child)
  })
}

function inferred(name, value) {
  const type = value === null || typeof value === 'object' ? 'object' : typeof value
  return { title: name, type, description: 'not known to the gateway, kept as it is' }
}
