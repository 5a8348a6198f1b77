/** Makes all elements of this page. Text is always inserted as text, because settings hold texts of users. */

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children strings become text nodes, never markup
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  node.append(...children)
  return node
}

/** @param {string} id */
export function byId(id) {
  return document.getElementById(id)
}

/**
 * A table that becomes a list of cards on a phone. The roles are explicit, because styles that change `display` remove
 * them.
 * @param {string} caption
 * @param {string[]} headings
 * @param {(Node | string)[][]} rows
 */
export function table(caption, headings, rows) {
  const head = headings.map(text => element('th', { role: 'columnheader', scope: 'col' }, text))
  const body = rows.map(cells =>
    element(
      'tr',
      { role: 'row' },
      ...cells.map((cell, index) => element('td', { role: 'cell', 'data-label': headings[index] }, cell)),
    ),
  )
  return element(
    'table',
    { role: 'table' },
    element('caption', {}, caption),
    element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...head)),
    element('tbody', { role: 'rowgroup' }, ...body),
  )
}

/**
 * @param {string} text
 * @param {string} tone good, medium, high, low
 */
export function badge(text, tone) {
  return element('span', { class: `badge ${tone}` }, text)
}

/**
 * @param {string} text
 * @param {() => unknown} act
 * @param {Record<string, string>} attributes
 */
export function button(text, act, attributes = {}) {
  const node = element('button', { type: 'button', ...attributes }, text)
  node.addEventListener('click', () => void act())
  return node
}

/** Shows an error, which screen readers announce. Without a text: hides it. */
export function complain(text = '') {
  const alert = byId('alert')
  alert.textContent = text
  alert.hidden = text === ''
}
