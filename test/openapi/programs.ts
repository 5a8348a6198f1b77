/**
 * One program for each generated client: it reads the bundle, changes a mode with If-Match, tells the answer from that of a
 * dry run, and draws an order number with an Idempotency-Key. Each prints one line, the same for all.
 */

/** What a program is told by its environment. */
const BEGIN = `
const url = process.env.GATEWAY_URL!
const userId = process.env.USER_ID!
const headers = { authorization: 'Bearer ' + process.env.GATEWAY_TOKEN, 'x-user-id': userId }
const patch = { size: { leverage: 7 } }
const key = 'order-of-' + userId
function print(before: number, after: number, leverage: number, last: number, dryRun: number): void {
  console.log('version ' + before + ' -> ' + after + ', leverage ' + leverage + ', number ' + last + ', dry run ' + dryRun)
}
`

/** What each of them prints for a user who did not exist. */
export const EXPECTED = 'version 1 -> 2, leverage 7, number 1, dry run 1\n'

const OPENAPI_FETCH = `
import createClient from 'openapi-fetch'
import type { paths } from './generated/openapi-typescript'
${BEGIN}
const client = createClient<paths>({ baseUrl: url, headers })
const user = { 'x-user-id': userId }
async function main(): Promise<void> {
  const bundle = await client.GET('/api/futures/ginie/decision-settings', { params: { header: user } })
  const version = bundle.data!.modes.scalp!.version
  const path = { mode: 'scalp' } as const
  const preview = await client.PUT('/api/futures/ginie/modes/{mode}', {
    params: { path, query: { dry_run: true }, header: user }, body: patch,
  })
  if (preview.data === undefined || 'version' in preview.data) throw new Error('no dry run')
  const put = await client.PUT('/api/futures/ginie/modes/{mode}', {
    params: { path, header: { ...user, 'if-match': '"' + version + '"' } }, body: patch,
  })
  if (put.data === undefined || !('version' in put.data)) throw new Error('no document')
  const drawn = await client.POST('/api/user/sequence', { params: { header: { ...user, 'idempotency-key': key } } })
  print(version, put.data.version, put.data.data.size.leverage, drawn.data!.last, preview.data.total_changes)
  const { error } = await client.PUT('/api/futures/ginie/modes/{mode}', {
    params: { path, header: { ...user, 'if-match': '"99"' } }, body: patch,
  })
  if (error?.code !== 'VERSION_MISMATCH') throw new Error('no mismatch')
}
main()
`

const HEY_API = `
import { drawSequence, getDecisionSettings, updateMode } from './generated/hey-api'
import { client } from './generated/hey-api/client.gen'
${BEGIN}
client.setConfig({ baseUrl: url, headers })
const user = { 'x-user-id': userId }
async function main(): Promise<void> {
  const bundle = await getDecisionSettings({ headers: user })
  const version = bundle.data!.modes.scalp!.version
  const path = { mode: 'scalp' } as const
  const preview = await updateMode({ path, query: { dry_run: true }, headers: user, body: patch })
  if (preview.data === undefined || 'version' in preview.data) throw new Error('no dry run')
  const put = await updateMode({ path, headers: { ...user, 'if-match': '"' + version + '"' }, body: patch })
  if (put.data === undefined || !('version' in put.data)) throw new Error('no document')
  const drawn = await drawSequence({ headers: { ...user, 'idempotency-key': key } })
  print(version, put.data.version, put.data.data.size.leverage, drawn.data!.last, preview.data.total_changes)
  const { error } = await updateMode({ path, headers: { ...user, 'if-match': '"99"' }, body: patch })
  if (error?.code !== 'VERSION_MISMATCH') throw new Error('no mismatch')
}
main()
`

const ORVAL = `
import { drawSequence, getDecisionSettings, updateMode } from './generated/orval'
${BEGIN}
async function main(): Promise<void> {
  const bundle = await getDecisionSettings(undefined, { headers })
  if (bundle.status !== 200) throw new Error('no bundle')
  const version = bundle.data.modes.scalp!.version
  const preview = await updateMode('scalp', patch, { dry_run: true }, { headers })
  if (preview.status !== 200 || 'version' in preview.data) throw new Error('no dry run')
  const put = await updateMode('scalp', patch, {}, { headers: { ...headers, 'if-match': '"' + version + '"' } })
  if (put.status !== 200 || !('version' in put.data)) throw new Error('no document')
  const drawn = await drawSequence(undefined, { headers: { ...headers, 'idempotency-key': key } })
  if (drawn.status !== 200) throw new Error('no number')
  print(version, put.data.version, put.data.data.size.leverage, drawn.data.last, preview.data.total_changes)
  const stale = await updateMode('scalp', patch, {}, { headers: { ...headers, 'if-match': '"99"' } })
  if (stale.status !== 412 || stale.data.code !== 'VERSION_MISMATCH') throw new Error('no mismatch')
}
main()
`

const SWAGGER_TYPESCRIPT_API = `
import { Api } from './generated/swagger-typescript-api'
${BEGIN}
const { api } = new Api({ baseUrl: url, baseApiParams: { headers } })
async function main(): Promise<void> {
  const bundle = await api.getDecisionSettings()
  const version = bundle.data.modes.scalp!.version
  const preview = await api.updateMode('scalp', patch, { dry_run: true })
  if ('version' in preview.data) throw new Error('no dry run')
  const put = await api.updateMode('scalp', patch, {}, { headers: { ...headers, 'if-match': '"' + version + '"' } })
  if (!('version' in put.data)) throw new Error('no document')
  const drawn = await api.drawSequence(undefined, { headers: { ...headers, 'idempotency-key': key } })
  print(version, put.data.version, put.data.data.size.leverage, drawn.data.last, preview.data.total_changes)
  const stale = await api.updateMode('scalp', patch, {}, { headers: { ...headers, 'if-match': '"99"' } }).catch(e => e)
  if (stale.error?.code !== 'VERSION_MISMATCH') throw new Error('no mismatch')
}
main()
`

/** By the name of the generator. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  'openapi-typescript': OPENAPI_FETCH,
  'hey-api': HEY_API,
  orval: ORVAL,
  'swagger-typescript-api': SWAGGER_TYPESCRIPT_API,
}
