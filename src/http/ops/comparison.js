import { call } from './api.js'
import { badge, button, byId, complain, element, table } from './dom.js'

/** Compares a user's documents with the defaults: coloured by risk, with a preview before each write. */

const HEADINGS = ['Field', "The user's", 'Default', 'Risk', 'Why it matters']
/** Longer values are cut: a table is no editor. */
const MAX_VALUE_CHARACTERS = 300

/**
 * @param {string} user
 * @param {any} comparison the answer of api/user/settings/comparison
 * @param {() => Promise<void>} again called after a write
 */
export function showComparison(user, comparison, again) {
  const { all_match: allMatch, total_changes: total, documents } = comparison
  byId('user-note').replaceChildren(
    ...(allMatch
      ? [`All settings of ${user} are the defaults.`]
      : [
          `${user} has ${total} settings of their own: `,
          badge(`${comparison.high_risk} high risk`, 'high'),
          ' ',
          badge(`${comparison.medium_risk} medium`, 'medium'),
          ' ',
          badge(`${comparison.low_risk} low`, 'low'),
        ]),
  )
  const all = {
    path: 'api/user/settings/load-defaults',
    title: `All defaults for ${user}`,
    apply: 'Load all defaults',
  }
  byId('comparison').replaceChildren(
    ...Object.entries(documents).map(([kind, changes]) => {
      const actions = changes.map(({ path }) => resetButton(user, kind, path, again))
      return element('div', { class: 'panel' }, changeTable(kind, changes, actions))
    }),
    ...(allMatch ? [] : [button('Preview all defaults…', () => preview(user, all, again))]),
  )
}

function resetButton(user, kind, path, again) {
  const reset = {
    path: 'api/user/settings/reset',
    body: { document: kind, path },
    title: `Reset ${path}`,
    apply: 'Reset this field',
  }
  return button('Reset…', () => preview(user, reset, again), { 'aria-label': `Reset ${kind} ${path}…` })
}

function changeTable(kind, changes, actions) {
  const rows = changes.map((change, index) => [
    element('code', {}, change.path),
    element('code', {}, valueText(change, 'current')),
    element('code', {}, valueText(change, 'default')),
    badge(change.risk, change.risk),
    [change.impact, change.recommendation].filter(Boolean).join(' '),
    ...(actions === undefined ? [] : [actions[index]]),
  ])
  return table(kind, actions === undefined ? HEADINGS : [...HEADINGS, 'Action'], rows)
}

function valueText(change, side) {
  if (!Object.hasOwn(change, side)) return '(not there)'
  const text = JSON.stringify(change[side])
  return text.length > MAX_VALUE_CHARACTERS ? `${text.slice(0, MAX_VALUE_CHARACTERS)}…` : text
}

/** Shows what would change, and writes only when the operator confirms. */
async function preview(user, { path, body, title, apply }, again) {
  const request = { method: 'POST', user, ...(body === undefined ? {} : { body }) }
  try {
    const report = await call(`${path}?preview=true`, request)
    if (!(await confirm(title, apply, report))) return
    const { total_changes: total } = await call(path, request)
    await again()
    byId('user-note').append(` ${total} reset just now.`)
  } catch (error) {
    complain(`${title} did not work: ${error.message}`)
  }
}

/** Resolves to true when the operator confirms. Escape means no. */
function confirm(title, apply, { changes, total_changes: total }) {
  const dialog = byId('dialog')
  byId('dialog-title').textContent = title
  byId('dialog-note').textContent = total === 0 ? 'Nothing would change.' : `${total} would change:`
  const kinds = Map.groupBy(changes, ({ document }) => document)
  byId('dialog-changes').replaceChildren(...[...kinds].map(([kind, some]) => changeTable(kind, some)))
  byId('dialog-apply').textContent = apply
  byId('dialog-apply').disabled = total === 0
  dialog.returnValue = ''
  byId('dialog-apply').onclick = () => dialog.close('apply')
  byId('dialog-cancel').onclick = () => dialog.close()
  dialog.showModal()
  // Enter cancels: the harmless button has the focus.
  byId('dialog-cancel').focus()
  return new Promise(resolve => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'apply'), { once: true })
  })
}
