import { Agent, request } from 'undici'
import type { ImportOutcome, ImportSummary } from '../../transfer/import.ts'
import type { CommandOptions } from '../command-line.ts'

/** Options of every command that speaks to a running gateway. */
export const GATEWAY_OPTIONS = {
  url: { type: 'string', value: 'URL', default: 'http://127.0.0.1:8080', help: 'The gateway.' },
  token: {
    type: 'string',
    value: 'TOKEN',
    help: 'Token of an admin (`npm run token -- --admin`), or GATEWAY_TOKEN.',
  },
} as const satisfies CommandOptions

/** The gateway could not be reached, or refused the request; the message is for the person at the terminal. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
}

const NDJSON = 'application/x-ndjson'
/** No line takes the gateway longer: reading from a database that is busy, or storing one user. */
const SILENCE_MS = 60_000

/** The admin routes of one gateway. Every method throws GatewayError. */
export class GatewayAdmin {
  readonly #url: string
  readonly #token: string
  readonly #agent = new Agent({ headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS })

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

  /** Sends lines and gives back what became of each. */
  async import(
    lines: readonly (string | Buffer)[],
    query: string,
  ): Promise<(ImportOutcome | ImportSummary)[]> {
    const body = Buffer.concat(lines.flatMap(line => [Buffer.from(line), Buffer.from('\n')]))
    const text = await textOf(await this.#request('POST', `/api/admin/import${query}`, body))
    return text.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line)]))
  }

  close(): Promise<void> {
    return this.#agent.close()
  }

  async #request(method: 'GET' | 'POST', path: string, body?: Buffer): Promise<AsyncIterable<Buffer>> {
    try {
      const reply = await request(`${this.#url}${path}`, {
        method,
        dispatcher: this.#agent,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { 'content-type': NDJSON }),
        },
        body: body ?? null,
      })
      if (reply.statusCode === 200) return reply.body
      const problem = (await reply.body.json().catch(() => ({}))) as { detail?: string }
      throw new GatewayError(
        `the gateway answered ${reply.statusCode}: ${problem.detail ?? 'no reason given'}`,
      )
    } catch (error) {
      if (error instanceof GatewayError) throw error
      const { code, message } = error as NodeJS.ErrnoException
      throw new GatewayError(`${this.#url} does not answer: ${code ?? message}`, { cause: error })
    }
  }
}

async function textOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  try {
    for await (const chunk of chunks) parts.push(chunk)
  } catch (error) {
    throw new GatewayError('the answer of the gateway broke off', { cause: error })
  }
  return Buffer.concat(parts).toString()
}
