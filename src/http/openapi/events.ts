import { Type } from '@sinclair/typebox'

export const LastEventId = Type.Optional(
  Type.String({
    description: 'the last `id` that the listener received; an unknown one is answered with `resync`',
  }),
)

/** The body of an event stream, which a schema cannot describe. */
export const Events = Type.String({
  examples: ['id: 3f2a9c01-1042\nevent: change\ndata: {"document":"mode.scalp","version":7}\n\n'],
})
