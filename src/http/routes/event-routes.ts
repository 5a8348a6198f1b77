import type { FastifyInstance } from 'fastify'
import type { ChangeFeed } from '../../events/change-feed.ts'
import { parsePoint } from '../../events/change-point.ts'
import { expiryAt } from '../../expiry.ts'
import type { ReadService } from '../../settings/service.ts'
import { principalOf, readerOf } from '../caller.ts'
import { onConnectionEnd } from '../connection-end.ts'
import { EventStream } from '../event-stream.ts'
import { Events, LastEventId } from '../openapi/events.ts'
import { operation } from '../openapi/operation.ts'

export interface EventRoutesDeps {
  readonly changes: ChangeFeed
  readonly reads: ReadService
  readonly onDropped: () => void
}

/** The stream of a user's changes. It stays open, so the answer is written without Fastify once it begins. */
export function eventRoutes(app: FastifyInstance, { changes, reads, onDropped }: EventRoutesDeps): void {
  const schema = operation({
    id: 'events',
    tag: 'Documents',
    summary: 'Hear of changes',
    description: [
      "Server-sent events: one `change` for each document of the user that changed, by any caller and through any instance, about 100 ms after it was stored. Changes of one document that follow one another faster may be told as one, with the newest version. `deleted: true` when the user was deleted. Nothing of the document's content is in it: read it then, and you get that version or a newer one.",
      'A change stored after the answer began is always told, so open the stream first and read the documents afterwards. After a break send the last `id` as `Last-Event-ID`: the changes since then follow. `resync` means that they are not known (another database): read everything again. `reconnect` comes before the end: when the token expires or the instance shuts down; come back after `retry` milliseconds.',
      'A comment line comes at least every 16 s and says that nothing has changed until then; it stays away while PostgreSQL cannot be reached. A listener that does not take its events is cut off. Redis has no part in it.',
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
      const actor = readerOf(request)
      // Creates the user, or answers 404, as on every other route.
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
      // Perhaps at once: the caller may have left while the settings were read.
      onConnectionEnd(request.raw.socket, () => {
        changes.remove(stream)
        stream.leave()
      })
      await stream.opened
    },
  )
  // Before the server waits for requests in progress: these never end by themselves.
  app.addHook('preClose', () => changes.close())
}
