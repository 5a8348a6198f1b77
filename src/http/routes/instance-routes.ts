import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import type { FleetService, ListedInstance } from '../../fleet/fleet.ts'
import { INSTANCE_STATES } from '../../fleet/ports.ts'
import { operation } from '../openapi/operation.ts'
import { component, enumeration } from '../openapi/registry.ts'

const NullableInteger = (description: string) =>
  Type.Unsafe<number | null>({ type: ['integer', 'null'], description })
const EXAMPLE = {
  id: '9f86d081884c7d65',
  self: true,
  alive: true,
  host: 'gateway-1',
  pid: 7,
  port: 8080,
  version: '0.1.0',
  state: 'ready',
  started_at: '2026-01-06T12:00:00.000Z',
  seen_at: '2026-01-06T14:00:00.000Z',
  seen_ms_ago: 1_250,
  lease_held: true,
  epoch: 2,
  breaker: 'closed',
  reads: { hits: 360_000, misses: 40, bypasses: 0, unverified: 0 },
  memory_bytes: 120_000_000,
  event_loop_delay_ms: 1.2,
}
const InstanceState = component(
  'Instance',
  Type.Object(
    {
      id: Type.String({ description: 'random, for each start' }),
      self: Type.Boolean({ description: 'true for the instance that answers' }),
      alive: Type.Boolean({ description: 'seen less than 20 s ago' }),
      host: Type.String(),
      pid: Type.Integer(),
      port: NullableInteger('null until it listens'),
      version: Type.String(),
      state: enumeration(INSTANCE_STATES),
      started_at: Type.String({ format: 'date-time' }),
      seen_at: Type.Unsafe<string | null>({
        type: ['string', 'null'],
        format: 'date-time',
        description: 'by the clock of PostgreSQL',
      }),
      seen_ms_ago: NullableInteger('by the clock of PostgreSQL'),
      lease_held: Type.Boolean({ description: 'true while it answers from Redis' }),
      epoch: Type.Integer({ description: 'of the view of the cache that it knows' }),
      breaker: Type.Unsafe<string | null>({
        type: ['string', 'null'],
        description: 'closed, half-open or open; null without Redis',
      }),
      reads: Type.Object(
        {
          hits: Type.Integer({ description: 'answered from Redis' }),
          misses: Type.Integer({ description: 'answered from PostgreSQL while the cache was usable' }),
          bypasses: Type.Integer({ description: 'answered from PostgreSQL while the cache was not usable' }),
          unverified: Type.Integer({
            description: 'answered from the cache while PostgreSQL was unreachable',
          }),
        },
        { description: 'reads of settings since its start' },
      ),
      memory_bytes: NullableInteger('resident set size'),
      event_loop_delay_ms: Type.Unsafe<number | null>({
        type: ['number', 'null'],
        description: '99th percentile of the last 5 s',
      }),
    },
    { examples: [EXAMPLE] },
  ),
)
const Instances = Type.Object(
  {
    source: enumeration(['database', 'self'], {
      description: '`self`: PostgreSQL is unreachable, and the instance that answers knows only itself',
    }),
    instances: Type.Array(InstanceState, { description: 'the last started first' }),
  },
  { examples: [{ source: 'database', instances: [EXAMPLE] }] },
)

/** The instances of this database. Admin only: a hook of the enclosing scope checks the role. */
export function instanceRoute(app: FastifyInstance, fleet: FleetService): void {
  const schema = operation({
    id: 'instances',
    tag: 'Admin',
    summary: 'The instances of the gateway that use this database',
    description: [
      'Each instance renews a row in PostgreSQL every 5 seconds, and removes it when it shuts down. One that was not seen',
      'for 20 seconds was killed, hangs or cannot reach PostgreSQL; it stays listed for 15 minutes or a little longer. At most 200.',
    ].join(' '),
    auth: 'admin',
    responses: { 200: { description: 'The instances, or without PostgreSQL this one.', schema: Instances } },
  })
  app.get('/api/admin/instances', { schema }, async (_request, reply) => {
    const { source, instances } = await fleet.list()
    return reply.header('cache-control', 'no-store').send({ source, instances: instances.map(toAnswer) })
  })
}

function toAnswer(instance: ListedInstance) {
  const { startedAt, seenAt, seenMsAgo, leaseHeld, memoryBytes, eventLoopDelayMs, ...same } = instance
  return {
    ...same,
    started_at: startedAt,
    seen_at: seenAt,
    seen_ms_ago: seenMsAgo,
    lease_held: leaseHeld,
    memory_bytes: memoryBytes,
    event_loop_delay_ms: eventLoopDelayMs,
  }
}
