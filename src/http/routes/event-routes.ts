import type { FastifyInstance } from 'fastify'
import type { ChangeFeed } from '../../events/change-feed.ts'
import { parsePoint } from '../../events/change-point.ts'
import { expiryAt } from '../../expiry.ts'
import type { ReadService } from '../../settings/service.ts'
import { lookerOf, principalOf } from '../caller.ts'
import { onConnectionEnd } from '../connection-end.ts'
import { EventStream } from '../event-stream.ts'
import { Events, LastEventId } from '../openapi/events.ts'
import { operation } from '../openapi/operation.ts'

export interface EventRoutesDeps {
  readonly changes: ChangeFeed
  readonly reads: ReadService
  readonly onDropped: () => void
}

/** The stream of a user's changes. It stays open, so it is written without Fastify after its first byte. */
export function eventRoutes(app: FastifyInstance, { changes, reads, onDropped }: EventRoutesDeps): void {
  const schema = operation({
    id: 'events',
    tag: 'Documents',
    summary: 'Follow changes',
    description: [
      'Server-sent events: one `change` for each document of the user that changed, by any caller and through any instance, about 100 ms after it was stored. Changes of one document that follow one another faster may be combined into one event with the newest version. `deleted: true` when the user was deleted. An event does not contain the document: read it then, and you get that version or a newer one.',
      'An admin or a service that listens for a user who does not exist gets 404. Every change stored after the answer began is sent, so open the stream first and read the documents afterwards. After a break send the last `id` as `Last-Event-ID`: the changes since then follow. `resync` means that they are not known (another database): read everything again. `reconnect` is sent before the stream ends, because the token expires or the instance shuts down; reconnect after `retry` milliseconds.',
      'A comment line is sent at least every 16 s and means that nothing has changed until then; none is sent while PostgreSQL cannot be reached. The gateway closes the stream of a listener that reads too slowly. Events do not depend on Redis.',
    ].join('\n\n'),
    auth: 'user',
    headers: { 'last-event-id': LastEventId },
    responses: { 200: { description: 'The events.', schema: Events, type: 'text/event-stream' } },
    errors: ['DATABASE_UNAVAILABLE', 'OVERLOADED', 'NOT_READY'],
  })
  app.get(
    '/api/user/settings/events',
    { schema, exposeHeadRoute: false, config: { longLived: true } },
    async (request, reply) => {
      const actor = lookerOf(request)
      // Creates a user who asks with a token of their own; 404 for anybody else, who only looks.
      await reads.requireUser(actor)
      const last = request.headers['last-event-id']
      const { expiresAt } = principalOf(request)
      const stream = new EventStream({
        reply,
        userId: actor.userId,
        expiry: expiresAt === undefined ? undefined : expiryAt(expiresAt),
        since: last === undefined || last === '' ? undefined : (parsePoint(String(last)) ?? null),
        onDropped: () => {
          changes.remove(stream)
          onDropped()
        },
      })
      changes.add(stream)
      // Calls back at once if the caller has disconnected while the user was looked up.
      onConnectionEnd(request.raw.socket, () => {
        changes.remove(stream)
        stream.leave()
      })
      await stream.opened
    },
  )
  // In preClose, before the server waits for requests in progress, because streams do not end by themselves.
  app.addHook('preClose', () => changes.close())
}
