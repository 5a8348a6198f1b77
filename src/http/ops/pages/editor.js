import { ProblemAnswer, sentence } from '../lib/api.js'
import { editsAgainst, faultsOf, patchOf } from '../lib/edits.js'
import { countText, timeText } from '../lib/format.js'
import { html, useEffect, useState } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { holdBack } from '../lib/route.js'
import { loadSchemas, schemaOf } from '../lib/schemas.js'
import { Alert, Note } from '../parts/basics.js'
import { Fields } from '../parts/fields.js'
import { SaveBar } from '../parts/save-bar.js'
import { Conflict } from './conflict.js'
import { PlanLater } from './plan-later.js'
import { usePreview } from './preview.js'
import { Review } from './review.js'

/**
 * Where a document comes from and where it goes: a user's, or a part of the defaults.
 * @typedef {object} Source
 * @property {string} kind
 * @property {(signal: AbortSignal) => Promise<{ version: number, updated_at: string, data: any, changes?: any[] }>} load
 *   with what differs from the defaults, unless it is a default itself
 * @property {(patch: any, signal?: AbortSignal) => Promise<{ changes: any[] }>} preview
 * @property {(patch: any, version: number) => Promise<unknown>} save
 * @property {(problem: ProblemAnswer) => { version: number, data: any } | undefined} currentOf what a refused save says of now
 * @property {(patch: any, plan: any) => Promise<any>} [plan] saves later
 * @property {string} consequence of saving, for the review
 * @property {(changes: readonly any[]) => unknown} [affected] shown in the review
 */

/**
 * A form for a document. Nothing is written before the operator has seen what would change.
 * @param {{ source: Source, newest?: number }} props `newest`: a version that is known to be stored
 */
export function Editor({ source, newest = 0 }) {
  const loaded = useLoad(
    async signal => ({ schemas: await loadSchemas(), ...(await source.load(signal)) }),
    [],
  )
  const [edits, setEdits] = useState({})
  const [filter, setFilter] = useState({ text: '', own: false })
  const [asks, setAsks] = useState(undefined)
  const [done, setDone] = useState('')
  const patch = patchOf(edits)
  const typed = faultsOf(edits)
  const { report, faults } = usePreview(source, edits, patch, typed.length === 0)
  const count = Object.keys(edits).length
  const isOld = loaded.value !== undefined && newest > loaded.value.version
  // A form in which nothing is typed shows what is stored.
  useEffect(() => {
    if (isOld && count === 0 && !loaded.loading && loaded.error === undefined) loaded.reload()
  }, [isOld, count === 0, loaded.loading])
  useEffect(
    () => (count === 0 ? undefined : holdBack(() => 'What you have typed is not saved. Leave it?')),
    [count === 0],
  )
  if (loaded.value === undefined) {
    return loaded.error === undefined
      ? html`<${Note}>Reading…</${Note}>`
      : html`<${Alert}>${sentence(loaded.error)}</${Alert}>`
  }
  const { version, updated_at: updatedAt, data, changes, schemas } = loaded.value
  const edit = (path, next) => {
    setDone('')
    setEdits(({ [path]: _, ...others }) => (next === undefined ? others : { ...others, [path]: next }))
  }
  const finish = text => {
    setEdits({})
    setAsks(undefined)
    setDone(text)
    loaded.reload()
  }
  const save = async (as = version) => {
    try {
      await source.save(patch, as)
    } catch (error) {
      const current =
        error instanceof ProblemAnswer && error.status === 412 ? source.currentOf(error) : undefined
      if (current === undefined) throw error
      setAsks({ current })
      return
    }
    finish('Saved.')
  }
  const plan = async when => {
    const { at } = await source.plan(patch, when)
    finish(`Planned for ${timeText(at)}.`)
  }
  return html`
    <${Note}>${done} Version ${version} of ${timeText(updatedAt)}.</${Note}>
    ${isOld && count > 0 ? html`<p class="warning" role="status">A colleague or the bot has just saved version ${newest}. What you typed is still here; when you save, you see both sides.</p>` : null}
    <div class="row filter">
      <label for="filter">Find a field</label>
      <input id="filter" type="search" value=${filter.text} onInput=${event => setFilter({ ...filter, text: event.target.value.trim().toLowerCase() })} />
      ${changes && html`<label><input type="checkbox" checked=${filter.own} onChange=${event => setFilter({ ...filter, own: event.target.checked })} /> only what differs from the defaults</label>`}
    </div>
    <form class="document" onSubmit=${event => event.preventDefault()}>
      <${Fields}
        schema=${schemaOf(schemas, source.kind)} data=${data} edits=${edits} filter=${filter} onEdit=${edit}
        changes=${changes && byPath(changes)} preview=${byPath(report?.changes ?? [])}
        faults=${new Map(faults.map(({ path, message }) => [path, message]))}
      />
    </form>
    ${count === 0 ? null : html`<${SaveBar} text=${countText(count, 'change')} changes=${report?.changes} faults=${[...typed, ...faults]} onReview=${() => setAsks('review')} onPlan=${source.plan && (() => setAsks('later'))} onDiscard=${() => setEdits({})} />`}
    ${asks === 'later' ? html`<${PlanLater} source=${source} report=${report} onApply=${plan} onClose=${() => setAsks(undefined)} />` : null}
    ${asks === 'review' ? html`<${Review} source=${source} report=${report} onApply=${() => save()} onClose=${() => setAsks(undefined)} />` : null}
    ${
      asks?.current === undefined
        ? null
        : html`
          <${Conflict}
            edits=${edits} before=${data} current=${asks.current}
            onKeep=${() => save(asks.current.version)}
            onTake=${() => finish('You kept what your colleague saved.')}
            onLater=${() => {
              setEdits(editsAgainst(edits, asks.current.data))
              setAsks(undefined)
              loaded.reload()
            }}
          />
        `
    }
  `
}

function byPath(changes) {
  return new Map(changes.map(change => [change.path, change]))
}
