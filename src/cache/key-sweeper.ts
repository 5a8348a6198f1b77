import type { SweepStep } from '../consistency/cache-port.ts'
import type { ViewToken } from '../consistency/views.ts'
import type { KeyNames } from './keys.ts'
import { isElsewhere } from './redis-failures.ts'
import { type Reply, RespError, RespProtocolError } from './resp.ts'
import { parseScanPage } from './scan.ts'
import type { ScriptRunner } from './script-runner.ts'

/** Keys that one command looks at: well below a millisecond of Redis, so that no read waits for it. */
const KEYS_PER_LOOK = 500
/** The first part of where a sweep by SCAN continues. */
const BY_SCAN = 'scan '

/** One look: the keys to remove, and where the next one continues when these are gone. */
interface SweepPage extends SweepStep {
  readonly own: readonly string[]
}

/** Finds the keys that a cold start removes: with SCAN, or in a cluster among the keys of the slot. */
export class KeySweeper {
  readonly #scripts: ScriptRunner
  readonly #names: KeyNames
  readonly #slot: number | undefined

  constructor(scripts: ScriptRunner, names: KeyNames, slot: number | undefined) {
    this.#scripts = scripts
    this.#names = names
    this.#slot = slot
  }

  /** 'view' = Redis is not the dataset of V. Rejects as ScriptRunner.ask does. */
  async look(v: ViewToken, from: string | null): Promise<SweepPage | 'view'> {
    if (this.#slot === undefined) return this.#scan(v, from ?? '0')
    if (from?.startsWith(BY_SCAN)) return this.#scanNode(v, from.slice(BY_SCAN.length))
    try {
      return await this.#lookIntoSlot(v, this.#slot, Number(from ?? 0))
    } catch (error) {
      // Not every service lets its users ask for the keys of a slot.
      if (!(error instanceof RespError) || isElsewhere(error)) throw error
      return this.#scanNode(v, '0')
    }
  }

  /**
   * The first keys of the slot: those removed before are gone, and `others` keys that are not to be removed were seen. An answer
   * that holds all keys of the slot ends the sweep, because every key that was there from the beginning is in it or is gone.
   */
  async #lookIntoSlot(v: ViewToken, slot: number, others: number): Promise<SweepPage | 'view'> {
    const most = others + KEYS_PER_LOOK
    const reply = await this.#scripts.ask(v.identity, [
      'CLUSTER',
      'GETKEYSINSLOT',
      String(slot),
      String(most),
    ])
    if (reply === 'view') return 'view'
    const keys = parseKeys(reply)
    const own = this.#sweptOf(keys)
    return { own, next: keys.length < most ? null : String(keys.length - own.length) }
  }

  async #scanNode(v: ViewToken, cursor: string): Promise<SweepPage | 'view'> {
    const page = await this.#scan(v, cursor)
    return page === 'view' || page.next === null ? page : { ...page, next: BY_SCAN + page.next }
  }

  async #scan(v: ViewToken, cursor: string): Promise<SweepPage | 'view'> {
    const scan = ['SCAN', cursor, 'MATCH', `${this.#names.prefix}*`, 'COUNT', String(KEYS_PER_LOOK)]
    const reply = await this.#scripts.ask(v.identity, scan)
    if (reply === 'view') return 'view'
    const page = parseScanPage(reply)
    return { own: this.#sweptOf(page.keys), next: page.cursor === '0' ? null : page.cursor }
  }

  #sweptOf(keys: readonly string[]): readonly string[] {
    return keys.filter(key => this.#names.isSwept(key))
  }
}

function parseKeys(reply: Reply): readonly string[] {
  if (Array.isArray(reply)) return reply.map(String)
  throw new RespProtocolError('Redis sent an unexpected reply to CLUSTER GETKEYSINSLOT')
}
