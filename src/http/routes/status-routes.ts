import { hostname } from 'node:os'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import type { StatusService } from '../../lifecycle/status-service.ts'
import type { Activity } from '../../telemetry/activity.ts'
import { onAnswered } from '../answered.ts'
import { operation } from '../openapi/operation.ts'
import { Health } from './operation-routes.ts'

const Time = Type.String({ format: 'date-time' })
const NullableNumber = Type.Unsafe<number | null>({ type: ['number', 'null'] })
const Transition = Type.Object({
  at: Time,
  subject: Type.String({ description: 'breaker or view' }),
  state: Type.String({ description: 'closed, open; on, off' }),
  detail: Type.String({ description: 'why' }),
  recovery_ms: Type.Optional(Type.Integer({ description: 'from off to on' })),
})
const Sample = Type.Object({
  at: Time,
  seconds: Type.Number({ description: 'length of the sample' }),
  requests: Type.Integer(),
  errors: Type.Integer({ description: 'answered with 5xx' }),
  hits: Type.Integer({ description: 'reads of settings answered from Redis' }),
  misses: Type.Integer({ description: 'answered from PostgreSQL while the cache was usable' }),
  bypasses: Type.Integer({ description: 'answered from PostgreSQL while the cache was not usable' }),
  unverified: Type.Integer({ description: 'answered from Redis while PostgreSQL was not reachable' }),
  p50_ms: NullableNumber,
  p99_ms: NullableNumber,
})
const EXAMPLE = {
  instance: 'gateway-1:7',
  uptime_s: 86_400,
  health: Health.examples[0],
  view: { mode: 'on', epoch: 2, reason: 'gate', lease_held: true },
  transitions: [
    {
      at: '2026-01-06T11:58:03.120Z',
      subject: 'view',
      state: 'on',
      detail: 'documents fenced: 3',
      recovery_ms: 1_420,
    },
    { at: '2026-01-06T11:58:01.700Z', subject: 'view', state: 'off', detail: 'redis-unreachable' },
  ],
  samples: [
    {
      at: '2026-01-06T12:00:00.000Z',
      seconds: 5,
      requests: 2_500,
      errors: 0,
      hits: 2_480,
      misses: 12,
      bypasses: 0,
      unverified: 0,
      p50_ms: 0.4,
      p99_ms: 2.1,
    },
  ],
}
const Status = Type.Object(
  {
    instance: Type.String({ description: 'host and process that answered' }),
    uptime_s: Type.Integer(),
    health: Health,
    view: Type.Object({
      mode: Type.String({
        description: 'on while this instance answers from Redis, else off; the same as in /health',
      }),
      epoch: Type.Integer(),
      reason: Type.String({ description: 'why it is in its mode' }),
      lease_held: Type.Boolean({
        description: 'true while this instance holds a lease, without which it does not answer from Redis',
      }),
    }),
    transitions: Type.Array(Transition, { description: 'of the breaker and the view, newest first' }),
    samples: Type.Array(Sample, { description: 'the traffic, oldest first' }),
  },
  { examples: [EXAMPLE] },
)

export interface StatusRouteDeps {
  readonly status: StatusService
  readonly activity: Activity
}

/** Recent transitions and traffic of this instance. Admin only: a hook of the enclosing scope checks the role. */
export function statusRoute(app: FastifyInstance, { status, activity }: StatusRouteDeps): void {
  const schema = operation({
    id: 'status',
    tag: 'Admin',
    summary: 'Health, recent transitions and recent traffic of this instance',
    description: [
      'Kept in the memory of the process that answers: the last 100 transitions of the circuit breaker and the cache',
      'view, and the traffic of the last 15 minutes in samples of 5 seconds. Another instance has its own.',
    ].join(' '),
    auth: 'admin',
    responses: { 200: { description: 'The present and recent state of this instance.', schema: Status } },
  })
  app.get('/api/admin/status', { schema }, async (_request, reply) => {
    const { health, cache } = await status.report()
    return reply.header('cache-control', 'no-store').send({
      instance: `${hostname()}:${process.pid}`,
      uptime_s: Math.floor(process.uptime()),
      health,
      view: { mode: cache.mode, epoch: cache.epoch, reason: cache.reason, lease_held: cache.leaseHeld },
      transitions: activity.transitions.list(),
      samples: activity.samples.list(),
    })
  })
}

/** Counts every request of the app while it runs. */
export function watchActivity(app: FastifyInstance, activity: Activity): void {
  onAnswered(app, (_request, { statusCode }, milliseconds) => {
    activity.samples.requestAnswered(milliseconds, statusCode)
  })
  app.addHook('onReady', done => {
    activity.start()
    done()
  })
  app.addHook('onClose', (_app, done) => {
    activity.stop()
    done()
  })
}
