import { Readable } from 'node:stream'
import { Agent, request } from 'undici'
import type { ImportOutcome, ImportSummary } from '../../transfer/import.ts'
import { linesOf } from '../../transfer/lines.ts'
import { CommandError } from '../command-error.ts'
import type { CommandOption, CommandOptions } from '../command-line.ts'

/** Options of every command that speaks to a running gateway. */
export const GATEWAY_OPTIONS = {
  url: { type: 'string', value: 'URL', default: 'http://127.0.0.1:8080', help: 'The gateway.' },
  token: {
    type: 'string',
    value: 'TOKEN',
    help: 'Token of an admin (`npm run token -- --admin`), or GATEWAY_TOKEN.',
  },
} as const satisfies CommandOptions

/** Options of every command that imports. */
export const DRY_RUN = {
  type: 'boolean',
  default: false,
  help: 'Say what would become of each user, and write nothing.',
} as const satisfies CommandOption

/** The gateway could not be reached, or refused the request; the message is for the person at the terminal. */
export class GatewayError extends CommandError {
  override readonly name = 'GatewayError'
  /** It may answer the same request later: it is busy, restarts, or its database does. */
  readonly transient: boolean

  constructor(
    message: string,
    { transient = false, ...options }: ErrorOptions & { transient?: boolean } = {},
  ) {
    super(message, options)
    this.transient = transient
  }
}

const NDJSON = 'application/x-ndjson'
const TRANSIENT = new Set([408, 429, 502, 503, 504])
/** Longest answer, bytes: an outcome names about 100 faults. */
const MAX_LINE_BYTES = 16 * 1_024 * 1_024
/** No line takes the gateway longer: reading from a database that is busy, or storing one user. */
const SILENCE_MS = 60_000

/** The admin routes of one gateway. Every method throws GatewayError. */
export class GatewayAdmin {
  readonly #url: string
  readonly #token: string
  readonly #agent = new Agent({ headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS })
  /** From then on it is known to be there. */
  #hasAnswered = false

  constructor(url: string, token: string) {
    this.#url = url.replace(/\/+$/, '')
    this.#token = token
  }

  /** The export, as it arrives. */
  async export(userId: string | undefined): Promise<AsyncIterable<Buffer>> {
    const query = userId === undefined ? '' : `?user_id=${encodeURIComponent(userId)}`
    return await this.#request('GET', `/api/admin/export${query}`)
  }

  /** How many users there are; for the progress of an export. */
  async *userPages(): AsyncGenerator<number> {
    let cursor = ''
    do {
      const text = await textOf(await this.#request('GET', `/api/admin/users?limit=1000${cursor}`))
      const page = JSON.parse(text) as { users: unknown[]; next: string | null }
      yield page.users.length
      if (page.next === null) return
      cursor = `&cursor=${encodeURIComponent(page.next)}`
    } while (cursor !== '')
  }

  /** Sends NDJSON and yields what became of each line, in their order; of the rest nothing is known when it throws. */
  async *import(body: AsyncIterable<Buffer>, query: string): AsyncGenerator<ImportOutcome> {
    const chunks = await this.#request('POST', `/api/admin/import${query}`, body)
    for await (const { bytes } of linesOf(unbroken(chunks), MAX_LINE_BYTES)) {
      const answer = JSON.parse(String(bytes)) as ImportOutcome | ImportSummary
      if (!('done' in answer)) yield answer
      else if (answer.done) return
      else throw new GatewayError(answer.error ?? BROKE_OFF, { transient: true })
    }
    throw new GatewayError(BROKE_OFF, { transient: true })
  }

  close(): Promise<void> {
    return this.#agent.close()
  }

  async #request(
    method: 'GET' | 'POST',
    path: string,
    body?: AsyncIterable<Buffer>,
  ): Promise<AsyncIterable<Buffer>> {
    try {
      const reply = await request(`${this.#url}${path}`, {
        method,
        dispatcher: this.#agent,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { 'content-type': NDJSON }),
        },
        body: body === undefined ? null : Readable.from(body),
      })
      this.#hasAnswered = true
      if (reply.statusCode === 200) return reply.body
      const problem = (await reply.body.json().catch(() => ({}))) as { detail?: string }
      throw new GatewayError(
        `the gateway answered ${reply.statusCode}: ${problem.detail ?? 'no reason given'}`,
        { transient: TRANSIENT.has(reply.statusCode) },
      )
    } catch (error) {
      if (error instanceof GatewayError) throw error
      const { code, message } = error as NodeJS.ErrnoException
      throw new GatewayError(`${this.#url} does not answer: ${code ?? message}`, {
        cause: error,
        transient: this.#hasAnswered,
      })
    }
  }
}

const BROKE_OFF = 'the answer of the gateway broke off'

async function* unbroken(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* chunks
  } catch (error) {
    throw new GatewayError(BROKE_OFF, { cause: error, transient: true })
  }
}

async function textOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  for await (const chunk of unbroken(chunks)) parts.push(chunk)
  return Buffer.concat(parts).toString()
}
