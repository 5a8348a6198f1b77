import t, { type Test } from 'tap'
import { startPostgres, startRedis } from '../helper/backends.ts'
import {
  eventually,
  PRODUCTION_TIMES,
  startGateway,
  startStack,
  type TestGateway,
} from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'
import { isStream, OPERATIONS, type Operation } from './api-document.ts'
import { BODY_LIMIT, requestsOf } from './mistakes.ts'

/** A stream has no end where it succeeds. */
const ENDING = OPERATIONS.filter(operation => !isStream(operation))

/** What the mistakes are about. */
const COMMON = [
  'BODY_TOO_LARGE',
  'CONFLICT',
  'FORBIDDEN',
  'INVALID_JSON',
  'INVALID_USER_ID',
  'NOT_FOUND',
  'UNAUTHORIZED',
  'UNSUPPORTED_MEDIA_TYPE',
  'USER_NOT_FOUND',
  'USER_REQUIRED',
  'VALIDATION_FAILED',
  'VERSION_MISMATCH',
  'VERSION_NOT_FOUND',
]

/** Sends requests of every operation; the codes of the problems, all of which must be documented there. */
async function documented(
  t: Test,
  gateway: TestGateway,
  { only }: { only?: string } = {},
): Promise<ReadonlySet<string>> {
  const codes = new Set<string>()
  for (const operation of ENDING) {
    const undocumented = new Set<string>()
    // One of the operations deletes the user.
    await gateway.app.inject({
      method: 'POST',
      url: '/api/users',
      headers: ADMIN,
      payload: { user_id: '42' },
    })
    for (const { mistake, request } of requestsOf(operation)) {
      if (only !== undefined && mistake !== only) continue
      const { statusCode, body } = await gateway.app.inject(request)
      const { code } = statusCode < 400 ? {} : JSON.parse(body)
      // /health says how it is, with 503 as well.
      if (code === undefined) continue
      codes.add(code)
      if (!isDocumented(operation, statusCode, code)) undocumented.add(`${mistake}: ${statusCode} ${code}`)
    }
    t.strictSame([...undocumented], [], `${operation.method} ${operation.path}`)
  }
  return codes
}

function isDocumented({ responses }: Operation, status: number, code: string): boolean {
  return responses[status]?.description.includes(`\`${code}\``) === true
}

t.test('every problem that a mistake leads to is in the API document', async t => {
  const { gateway } = await startStack(t, {
    AUTO_PROVISION: 'false',
    BODY_LIMIT_BYTES: String(BODY_LIMIT),
    AUTH_FAILURES_MAX: '0',
  })
  const codes = await documented(t, gateway)
  for (const code of COMMON) t.ok(codes.has(code), code)
})

t.test('and every problem of an outage', async t => {
  const [postgres, redis] = await Promise.all([startPostgres(t), startRedis(t)])
  const gateway = await startGateway(t, {
    ...PRODUCTION_TIMES,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
  })
  await eventually('it is ready', () => gateway.services.status.ready)
  await Promise.all([postgres.kill(), redis.kill()])
  const codes = await documented(t, gateway, { only: 'no mistake' })
  t.ok(codes.has('DATABASE_UNAVAILABLE'), `${[...codes]}`)
})

t.test('and of a start that is not over', async t => {
  const gateway = await startGateway(t, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nowhere' })
  const codes = await documented(t, gateway, { only: 'no mistake' })
  t.ok(codes.has('NOT_READY'), `${[...codes]}`)
})

t.test('an overload may meet all but what tells that the process lives', async t => {
  const spared = OPERATIONS.filter(operation => !isDocumented(operation, 503, 'OVERLOADED'))
  t.strictSame(
    spared.map(({ path }) => path),
    ['/health/live', '/metrics'],
  )
})
