import t from 'tap'
import { AccessError, InvalidRequestError, NotFoundError } from '../../src/client/client.ts'
import type { Scope } from '../helper/backends.ts'
import { SERVICE_TOKEN, startStack, type TestGateway } from '../helper/gateway.ts'
import { bearer } from '../helper/tokens.ts'
import { openClient } from './open-client.ts'

let gateway: TestGateway

t.before(async () => {
  gateway = (await startStack(t)).gateway
})

const connect = (t: Scope, token = SERVICE_TOKEN) => openClient(t, gateway, { token })

t.test('problems are errors of their class', async t => {
  const user = connect(t).user('10')
  const invalid = await user
    .putMode('scalp', { confidence: { min_confidence: -1 }, size: { leverage: 0 } })
    .catch(error => error)
  t.ok(invalid instanceof InvalidRequestError)
  t.match(invalid, { status: 400, code: 'VALIDATION_FAILED' })
  t.strictSame(invalid.errors.map(({ path }: { path: string }) => path).sort(), [
    'confidence.min_confidence',
    'size.leverage',
  ])
  t.match(invalid.message, /confidence\.min_confidence must be /)
  t.match(invalid.message, /size\.leverage must be /)
  t.ok(invalid.requestId.length > 0)
  await t.rejects(user.rollback('llm_config', 99), NotFoundError)
  await t.rejects(
    connect(t, 'nobody-knows-this-token-0123456789ab').user('10').decisionSettings(),
    AccessError,
  )
  await t.rejects(connect(t, bearer('11').authorization.slice(7)).user('10').decisionSettings(), AccessError)
  await t.rejects(connect(t).user().decisionSettings(), InvalidRequestError, 'a service must name a user')
  await t.rejects(user.get('mode' as never), TypeError)
  await t.rejects(user.get('constructor.scalp' as never), TypeError)
})
