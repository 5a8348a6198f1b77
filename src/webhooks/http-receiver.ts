import { Pool } from 'undici'
import type { Answer, Message, ReceiverPort } from './ports.ts'
import { keyOf, sign } from './signature.ts'

export interface HttpReceiverOptions {
  readonly url: URL
  readonly secret: string
  /** Longest try, from the connection to the end of the answer. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 10_000
/** Of an answer nothing but its status is of interest. */
const MAX_ANSWER_BYTES = 16 * 1_024
/** One for the events of all instances, one for those of this instance, which must not wait for them. */
const CONNECTIONS = 2
/** The receiver has read the event and does not want it; any other status may be a fault of the way there. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422])

/** POSTs events to one URL, signed as the Standard Webhooks specification says. Follows no redirect. */
export class HttpReceiver implements ReceiverPort {
  readonly #pool: Pool
  readonly #path: string
  readonly #key: Buffer
  readonly #timeoutMs: number

  constructor({ url, secret, timeoutMs = TIMEOUT_MS }: HttpReceiverOptions) {
    this.#pool = new Pool(url.origin, {
      connections: CONNECTIONS,
      pipelining: 1,
      connect: { timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })
    this.#path = `${url.pathname}${url.search}`
    this.#key = keyOf(secret)
    this.#timeoutMs = timeoutMs
  }

  async send({ id, body }: Message, end: AbortSignal): ReturnType<ReceiverPort['send']> {
    const timestamp = Math.floor(Date.now() / 1_000)
    const signal = AbortSignal.any([end, AbortSignal.timeout(this.#timeoutMs)])
    try {
      const { statusCode, body: answer } = await this.#pool.request({
        method: 'POST',
        path: this.#path,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'settings-gateway',
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': sign(this.#key, id, timestamp, body),
        },
        body,
        signal,
      })
      // The status stands, however the rest ends.
      await answer.dump({ limit: MAX_ANSWER_BYTES, signal }).catch(() => {})
      return { answer: answerOf(statusCode), detail: `it answered ${statusCode}` }
    } catch (error) {
      return {
        answer: 'failed',
        detail: error instanceof Error ? `${error.name}: ${error.message}` : 'error',
      }
    }
  }

  /** Cuts the connections. */
  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}

function answerOf(status: number): Answer {
  if (status >= 200 && status < 300) return 'taken'
  return REFUSALS.has(status) ? 'refused' : 'failed'
}
