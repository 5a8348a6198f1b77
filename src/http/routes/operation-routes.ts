import { type TSchema, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import type { StatusService } from '../../lifecycle/status-service.ts'
import type { Metrics } from '../metrics.ts'
import { operation } from '../openapi/operation.ts'
import { ProblemError } from '../problem-error.ts'

const nullableNumber = Type.Unsafe<number | null>({ type: ['number', 'null'] })
const REDIS_EXAMPLE = {
  status: 'up',
  latency_ms: 0.2,
  breaker: 'closed',
  consecutive_failures: 0,
  since: '2026-01-06T12:00:00.000Z',
}
const SERVER_HEALTH = {
  status: Type.String({ description: 'up or down' }),
  latency_ms: nullableNumber,
  breaker: Type.String({ description: 'closed, open or half-open' }),
  consecutive_failures: Type.Integer(),
  since: Type.String({ format: 'date-time' }),
}
const NodeHealth = Type.Object({
  address: Type.String({ description: 'host:port' }),
  ...SERVER_HEALTH,
  partitions: Type.Integer({ description: 'of the 64 partitions of the users, those that the node owns' }),
})
const RedisHealth = Type.Object(
  {
    ...SERVER_HEALTH,
    nodes: Type.Optional(
      Type.Array(NodeHealth, {
        description:
          'Only of a Redis Cluster, whose other fields are of the whole: up while one node is, with the slowest answer and the worst breaker.',
      }),
    ),
  },
  { examples: [REDIS_EXAMPLE] },
)
export const Health = Type.Object(
  {
    status: Type.String({ description: 'healthy, degraded or unhealthy' }),
    services: Type.Object({
      database: Type.Object({
        status: Type.String({ description: 'up or down' }),
        latency_ms: nullableNumber,
      }),
      redis: RedisHealth,
    }),
    cache: Type.Object({
      mode: Type.String({ description: 'on or off; of a Redis Cluster on while one partition is' }),
      epoch: Type.Integer(),
      partitions: Type.Optional(
        Type.Object(
          { total: Type.Integer(), on: Type.Integer() },
          {
            description:
              'Only of a Redis Cluster: the partitions of the users, and those that this instance answers from Redis.',
          },
        ),
      ),
    }),
    unverified: Type.Optional(
      Type.Object(
        {
          from: Type.String({ description: 'redis, memory (of this process) or nothing' }),
          oldest_ms: nullableNumber,
        },
        {
          description:
            'Only while PostgreSQL cannot be reached: where settings come from, marked `detail=unverified`, and how long ago the oldest of them was known to be right.',
        },
      ),
    ),
    warnings: Type.Array(Type.String()),
  },
  {
    examples: [
      {
        status: 'healthy',
        services: {
          database: { status: 'up', latency_ms: 0.4 },
          redis: REDIS_EXAMPLE,
        },
        cache: { mode: 'on', epoch: 2 },
        warnings: [],
      },
    ],
  },
)
const Live = Type.Object({ status: Type.String() }, { examples: [{ status: 'live' }] })
const Ready = Type.Object({ status: Type.String() }, { examples: [{ status: 'ready' }] })
const Exposition = Type.String({ examples: ['redis_breaker_state{state="closed"} 1'] })
const NO_STORE = { 'cache-control': 'no-store' }

/** A busy process must not be mistaken for a dead one and killed, and its metrics must stay readable. */
const EVEN_UNDER_PRESSURE = { evenUnderPressure: true }

export interface OperationRoutesDeps {
  readonly status: StatusService
  readonly metrics: Metrics
  readonly draining: () => boolean
}

/** Health and metrics; no authentication. */
export function operationRoutes(
  app: FastifyInstance,
  { status, metrics, draining }: OperationRoutesDeps,
): void {
  const schemaOf = (id: string, summary: string, description: string, schema: TSchema, sick: string) =>
    operation({
      id,
      tag: 'Operations',
      summary,
      description,
      auth: 'none',
      responses: { 200: { description: 'Yes.', schema }, 503: { description: sick, schema } },
    })
  app.get(
    '/health',
    {
      schema: schemaOf(
        'health',
        'Health of the gateway and its stores',
        'The state of the stores by the last lease renewal and a shared PING, at most 250 ms ago while they answer, and whether the cache is used; `degraded` without Redis.',
        Health,
        'Settings can be answered from neither store.',
      ),
    },
    async (_request, reply) => {
      const report = await status.health()
      return reply
        .code(report.status === 'unhealthy' ? 503 : 200)
        .headers(NO_STORE)
        .send(report)
    },
  )
  app.get(
    '/health/live',
    {
      schema: operation({
        id: 'live',
        tag: 'Operations',
        summary: 'Liveness: the process runs',
        description: 'Asks no store.',
        auth: 'none',
        responses: { 200: { description: 'Yes.', schema: Live } },
        evenUnderPressure: true,
      }),
      config: EVEN_UNDER_PRESSURE,
    },
    async (_request, reply) => reply.headers(NO_STORE).send({ status: 'live' }),
  )
  app.get(
    '/health/ready',
    {
      schema: operation({
        id: 'ready',
        tag: 'Operations',
        summary: 'Readiness: send requests to this instance',
        description:
          '503 while the instance starts or drains. After the start an outage of Redis or PostgreSQL changes nothing here.',
        auth: 'none',
        responses: { 200: { description: 'Yes.', schema: Ready } },
        errors: ['NOT_READY'],
      }),
    },
    async (_request, reply) => {
      if (status.ready && !draining()) return reply.headers(NO_STORE).send({ status: 'ready' })
      throw new ProblemError('NOT_READY', draining() ? 'draining' : 'starting')
    },
  )
  app.get(
    '/health/redis',
    {
      schema: schemaOf(
        'redisHealth',
        'Health of Redis',
        'The result of a PING, and the circuit breaker. Without Redis settings are answered from PostgreSQL.',
        RedisHealth,
        'Redis is not usable.',
      ),
    },
    async (_request, reply) => {
      const report = await status.health()
      const { redis } = report.services
      return reply
        .code(redis.status === 'up' ? 200 : 503)
        .headers(NO_STORE)
        .send(redis)
    },
  )
  app.get(
    '/metrics',
    {
      config: EVEN_UNDER_PRESSURE,
      schema: operation({
        id: 'metrics',
        tag: 'Operations',
        summary: 'Metrics for Prometheus',
        description:
          'The metrics of this instance: requests, the cache, the stores, the process. Asks no store. No label holds a user id.',
        auth: 'none',
        responses: {
          200: {
            description: 'The exposition format of Prometheus.',
            schema: Exposition,
            type: 'text/plain',
          },
        },
        evenUnderPressure: true,
      }),
    },
    async (_request, reply) => reply.header('content-type', metrics.contentType).send(await metrics.expose()),
  )
}
