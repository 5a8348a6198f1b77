import { Type } from '@sinclair/typebox'

export const LastEventId = Type.Optional(
  Type.String({
    description: 'the last `id` the listener heard of; anything unknown is answered with `resync`',
  }),
)

/** The body of an event stream, which no schema describes. */
export const Events = Type.String({
  examples: ['id: 3f2a9c01-1042\nevent: change\ndata: {"document":"mode.scalp","version":7}\n\n'],
})
