import { setTimeout as sleep } from 'node:timers/promises'
import { ADMIN } from '../helper/tokens.ts'

/** Pause between two requests of one kind, milliseconds. */
const PAUSE_MS = 25
const USER = 'zz-beside'

/** How long a GET and a PUT of one user take while a gateway does something else. */
export class Beside {
  readonly #url: string
  readonly #ms: Record<'GET' | 'PUT', number[]> = { GET: [], PUT: [] }
  /** How many, by what was answered. */
  readonly #failures = new Map<string, number>()
  #ends = false
  readonly #done: Promise<unknown>

  constructor(url: string) {
    this.#url = url
    // The first PUT creates the user; a GET of an admin does not.
    this.#done = this.#request('PUT', 0).then(() => Promise.all([this.#repeat('GET'), this.#repeat('PUT')]))
  }

  /** Removes the user again. Resolves to a text for the report. */
  async end(): Promise<string> {
    this.#ends = true
    await this.#done
    await fetch(`${this.#url}/api/users/${USER}`, { method: 'DELETE', headers: ADMIN })
    const text = (name: 'GET' | 'PUT') => {
      const sorted = this.#ms[name].sort((a, b) => a - b)
      const at = (part: number) => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(0)
      return `${name} p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`
    }
    const failed = [...this.#failures].map(([what, count]) => `${count} failed (${what})`).join(', ')
    return `beside it ${text('GET')}; ${text('PUT')}; ${failed || '0 failed'}`
  }

  async #repeat(method: 'GET' | 'PUT'): Promise<void> {
    for (let count = 1; !this.#ends; count++) {
      await this.#request(method, count)
      await sleep(PAUSE_MS)
    }
  }

  async #request(method: 'GET' | 'PUT', count: number): Promise<void> {
    const startedAt = performance.now()
    const body = method === 'PUT' ? JSON.stringify({ preferences: { count } }) : null
    const headers = { ...ADMIN, 'x-user-id': USER, 'content-type': 'application/json' }
    const failure = await ask(`${this.#url}/api/user/settings`, { method, headers, body })
    if (failure === undefined) this.#ms[method].push(performance.now() - startedAt)
    else this.#failures.set(failure, (this.#failures.get(failure) ?? 0) + 1)
  }
}

/** Resolves to what was wrong with the answer; undefined = nothing. */
async function ask(url: string, init: RequestInit): Promise<string | undefined> {
  try {
    const reply = await fetch(url, init)
    const text = await reply.text()
    return reply.ok ? undefined : `${init.method} ${reply.status} ${text.slice(0, 200)}`
  } catch (error) {
    return `${init.method} ${error}`
  }
}
