import { setTimeout as sleep } from 'node:timers/promises'
import { ADMIN } from '../helper/tokens.ts'

/** Pause between two requests of one kind, milliseconds. */
const PAUSE_MS = 25
const USER = 'zz-beside'

/** How long a GET and a PUT of one user take while a gateway does something else. */
export class Beside {
  readonly #url: string
  readonly #ms: Record<'GET' | 'PUT', number[]> = { GET: [], PUT: [] }
  #failed = 0
  #ends = false
  readonly #done: Promise<unknown>

  constructor(url: string) {
    this.#url = url
    this.#done = Promise.all([this.#repeat('GET'), this.#repeat('PUT')])
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
    return `beside it ${text('GET')}; ${text('PUT')}; ${this.#failed} failed`
  }

  async #repeat(method: 'GET' | 'PUT'): Promise<void> {
    for (let count = 0; !this.#ends; count++) {
      const startedAt = performance.now()
      const body = method === 'PUT' ? JSON.stringify({ preferences: { count } }) : null
      const headers = { ...ADMIN, 'x-user-id': USER, 'content-type': 'application/json' }
      const reply = await fetch(`${this.#url}/api/user/settings`, { method, headers, body }).catch(
        () => undefined,
      )
      await reply?.arrayBuffer()
      if (reply?.ok) this.#ms[method].push(performance.now() - startedAt)
      else this.#failed++
      await sleep(PAUSE_MS)
    }
  }
}
