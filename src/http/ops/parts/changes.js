import { titleOfKind } from '../lib/documents.js'
import { valueText } from '../lib/format.js'
import { html } from '../lib/html.js'
import { Risk, Table } from './basics.js'

/** What differs, or would change, by document, with the risk of each field. */

const why = ({ impact, recommendation }) => [impact, recommendation].filter(Boolean).join(' ')

/**
 * @param {object} props
 * @param {readonly any[]} props.changes of a comparison, a preview or a dry run
 * @param {'default' | 'new'} [props.side] what stands beside the user's value
 * @param {(change: any) => unknown} [props.action] a last column
 */
export function Changes({ changes, side = 'default', action }) {
  const headings = ['Field', 'Now', side === 'new' ? 'New' : 'Default', 'Risk', 'Why it matters']
  const kinds = Map.groupBy(changes, ({ document }) => document)
  return [...kinds].map(
    ([kind, some]) => html`
      <div class="panel" key=${kind}>
        <${Table}
          caption=${html`${titleOfKind(kind)} <code>${kind}</code>`}
          headings=${action === undefined ? headings : [...headings, 'Action']}
          rows=${some.map(change => [
            html`<code>${change.path}</code>`,
            html`<code>${valueText(change.current)}</code>`,
            html`<code>${valueText(change[side])}</code>`,
            html`<${Risk} risk=${change.risk} />`,
            why(change),
            ...(action === undefined ? [] : [action(change)]),
          ])}
        />
      </div>
    `,
  )
}
