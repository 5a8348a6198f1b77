import { html } from '../lib/html.js'
import { addressOf, goTo } from '../lib/route.js'

/** Small parts of every page. */

/**
 * A link to another place of the workbench.
 * @param {{ to: import('../lib/route.js').Place, children?: unknown, [attribute: string]: unknown }} props
 */
export function Link({ to, children, ...attributes }) {
  const follow = event => {
    // Another tab or window is the browser's business.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    goTo(to)
  }
  return html`<a href=${addressOf(to)} onClick=${follow} ...${attributes}>${children}</a>`
}

/** @param {{ tone?: string, children?: unknown }} props `tone`: good, medium, high, low */
export function Badge({ tone = 'low', children }) {
  return html`<span class=${`badge ${tone}`}>${children}</span>`
}

/** @param {{ risk: string }} props */
export function Risk({ risk }) {
  return html`<${Badge} tone=${risk}>${risk} risk</${Badge}>`
}

/** What went wrong; screen readers announce it. @param {{ children?: unknown }} props */
export function Alert({ children }) {
  return children ? html`<p class="alert" role="alert">${children}</p>` : null
}

/** What happened; screen readers announce it. @param {{ children?: unknown }} props */
export function Note({ children }) {
  return html`<p class="note" role="status">${children}</p>`
}

/**
 * A table that becomes a list of cards on a phone. The roles are explicit, because styles that change `display` remove
 * them.
 * @param {{ caption: unknown, headings: readonly string[], rows: readonly (readonly unknown[])[] }} props
 */
export function Table({ caption, headings, rows }) {
  return html`
    <table role="table">
      <caption>${caption}</caption>
      <thead role="rowgroup">
        <tr role="row">${headings.map(text => html`<th role="columnheader" scope="col">${text}</th>`)}</tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(
          cells => html`
            <tr role="row">
              ${cells.map((cell, index) => html`<td role="cell" data-label=${headings[index]}><div>${cell}</div></td>`)}
            </tr>
          `,
        )}
      </tbody>
    </table>
  `
}
