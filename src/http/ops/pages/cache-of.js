import { call, sentence } from '../lib/api.js'
import { html, useState } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { keyWords } from '../lib/words.js'
import { Alert, Badge, Note, Table } from '../parts/basics.js'

/** What Redis has of a user beside what the database has, and the button that fills Redis. */

/** @param {{ user: string }} props */
export function CacheOf({ user }) {
  const path = `api/admin/cache/${encodeURIComponent(user)}`
  const inspection = useLoad(signal => call(path, { signal }), [])
  const [fault, setFault] = useState('')
  const [done, setDone] = useState('')
  const warmUp = async () => {
    try {
      const { keys } = await call(`${path}/warm`, { method: 'POST' })
      setFault('')
      setDone(`Warmed up: ${keys} keys are ready.`)
      inspection.reload()
    } catch (error) {
      setFault(sentence(error))
    }
  }
  if (inspection.error !== undefined) return html`<${Alert}>${sentence(inspection.error)}</${Alert}>`
  if (inspection.value === undefined) return html`<${Note}>Looking…</${Note}>`
  const { redis, node, keys } = inspection.value
  const ready = keys.filter(({ state }) => state === 'value').length
  return html`
    <${Note}>
      ${done} ${redis === 'up' ? `${ready} of ${keys.length} keys were ready when this page asked.` : 'Redis cannot be asked.'}
      ${node === undefined ? '' : ` They are on ${node}.`}
      ${' '}What is not there is read from the database and put there by the next read.
    </${Note}>
    <${Alert}>${fault}</${Alert}>
    <div class="panel"><${Keys} keys=${keys} /></div>
    <button type="button" onClick=${warmUp}>Warm up</button>
  `
}

function Keys({ keys }) {
  const rows = keys.map(key => {
    const { tone, text } = keyWords(key.state)
    return [
      html`<code>${key.key}</code>`,
      html`<${Badge} tone=${tone}>${text}</${Badge}>`,
      String(key.version_redis ?? '–'),
      versionCell(key),
      `${key.size.toLocaleString()} bytes`,
    ]
  })
  return html`<${Table} caption="Keys in Redis" headings=${['Key', 'State', 'Version in Redis', 'In the database', 'Size']} rows=${rows} />`
}

/** Marks a value whose version differs from that of the row: such a value is a fault. */
function versionCell({ state, version_redis: inRedis, version_database: inDatabase }) {
  const text = String(inDatabase ?? '–')
  const differs = state === 'value' && inRedis !== inDatabase
  return differs ? html`<${Badge} tone="high">${text} (differs)</${Badge}>` : text
}
