import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { Scope } from './backends.ts'
import { SERVICE } from './gateway.ts'

export interface ReceivedEvent {
  readonly id: string
  readonly event: string
  readonly data: unknown
}

/** What a listener has heard so far. */
export interface EventSource {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly events: readonly ReceivedEvent[]
  readonly comments: readonly string[]
  /** The last id, also one that came without an event. */
  readonly lastId: string
  readonly ended: boolean
  /** Everything that came, as it came. */
  readonly text: string
  close(): void
}

/** Listens to the changes of `userId`; closed after the test. */
export async function listen(
  t: Scope,
  url: string,
  userId: string,
  headers: Record<string, string> = {},
): Promise<EventSource> {
  const request = get(`${url}/api/user/settings/events`, {
    agent: false,
    headers: { ...SERVICE, 'x-user-id': userId, ...headers },
  })
  t.teardown(() => request.destroy())
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const events: ReceivedEvent[] = []
  const comments: string[] = []
  const state = { lastId: '', ended: false, text: '', rest: '' }
  response
    .setEncoding('utf8')
    .on('data', (chunk: string) => {
      state.text += chunk
      const blocks = (state.rest + chunk).split('\n\n')
      state.rest = blocks.pop()!
      for (const block of blocks) {
        const fields = new Map(block.split('\n').map(line => line.split(': ', 2) as [string, string]))
        state.lastId = fields.get('id') ?? state.lastId
        const data = fields.get('data')
        if (data !== undefined)
          events.push({ id: state.lastId, event: fields.get('event')!, data: JSON.parse(data) })
        if (fields.has('')) comments.push(fields.get('')!)
      }
    })
    .on('error', () => {})
    .once('close', () => {
      state.ended = true
    })
  request.on('error', () => {})
  return {
    status: response.statusCode!,
    headers: response.headers,
    events,
    comments,
    get lastId() {
      return state.lastId
    },
    get ended() {
      return state.ended
    },
    get text() {
      return state.text
    },
    close: () => request.destroy(),
  }
}
