import { CacheUnavailableError } from '../consistency/cache-port.ts'
import type { KeyNames } from './keys.ts'
import type { RedisConnection } from './redis-connection.ts'
import { isElsewhere } from './redis-failures.ts'
import { RespError } from './resp.ts'
import { parseScanPage } from './scan.ts'
import { readScript } from './script-files.ts'

const CHECK = readScript('check')
/** Pages of SCAN that a look for keys of other programs takes at most, and keys of each: a few milliseconds. */
const MAX_PAGES = 20
const KEYS_PER_PAGE = '500'

/** Examines whether a Redis can be trusted as a cache, and whether other programs use it. */
export class Examination {
  readonly #connection: RedisConnection
  readonly #names: KeyNames
  #checked = -1
  #refusal: string | undefined
  #foreignKeys = 0
  readonly #notice: (sentence: string) => void

  /** `notice` gets each finding once, for the log. */
  constructor(connection: RedisConnection, names: KeyNames, notice: (sentence: string) => void) {
    this.#connection = connection
    this.#names = names
    this.#notice = notice
  }

  /** Why the server is not used as a cache, for operators; undefined = it is. */
  get refusal(): string | undefined {
    return this.#refusal
  }

  /** Keys of other programs that were seen; there may be more. */
  get foreignKeys(): number {
    return this.#foreignKeys
  }

  /** Rejects with CacheUnavailableError when the server must not be used; the commands are tried once per connection. */
  async require(): Promise<void> {
    const before = this.#refusal
    await this.#examine()
    if (this.#refusal === undefined) return
    if (this.#refusal !== before) this.#notice(`the cache is not used: ${this.#refusal}`)
    throw new CacheUnavailableError(this.#refusal)
  }

  async #examine(): Promise<void> {
    const policy = evictionFault(String(await this.#connection.sendShared(['INFO', 'memory'])))
    const { generation } = this.#connection
    if (policy === undefined && this.#checked !== generation) {
      this.#refusal = await this.#refusedCommands()
      this.#checked = generation
      await this.#lookForOthers()
    } else if (policy !== undefined) {
      this.#refusal = policy
      this.#checked = -1
    }
  }

  async #refusedCommands(): Promise<string | undefined> {
    const { probe } = this.#names
    const refused = String(await this.#connection.send(['EVAL', CHECK.text, '1', probe]))
    for (const args of [
      ['MGET', probe],
      ['EXISTS', probe],
      ['GETRANGE', probe, '0', '0'],
      ['SCAN', '0', 'COUNT', '1'],
    ]) {
      const refusal = await this.#connection.send(args).catch(error => error)
      if (isElsewhere(refusal)) throw refusal
      if (refusal instanceof RespError) return refusalOf(args[0]!)
    }
    return refused === '' ? undefined : refusalOf(refused.split('\n').join(', '))
  }

  /** With a prefix the names are apart from those of other programs, which are not looked for. */
  async #lookForOthers(): Promise<void> {
    if (this.#names.prefix !== '') return
    let cursor = '0'
    let foreign = 0
    for (let page = 0; page < MAX_PAGES; page++) {
      const { cursor: next, keys } = parseScanPage(
        await this.#connection.send(['SCAN', cursor, 'COUNT', KEYS_PER_PAGE]),
      )
      foreign += keys.filter(key => !this.#names.isOwn(key)).length
      cursor = next
      if (cursor === '0') break
    }
    if (foreign > 0 && this.#foreignKeys === 0)
      this.#notice('the Redis database holds keys of other programs: the gateway leaves them alone')
    this.#foreignKeys = foreign
  }
}

function refusalOf(commands: string): string {
  return `Redis refuses ${commands} to the gateway's user: its ACL must allow the commands of docs/redis.md`
}

/** Keys without a TTL may vanish under this policy, fences among them. */
function evictionFault(memory: string): string | undefined {
  const policy = /^maxmemory_policy:(allkeys-\S+)/m.exec(memory)?.[1]
  if (policy === undefined) return undefined
  return `Redis evicts keys that have no TTL (maxmemory-policy ${policy}): set noeviction or a volatile policy`
}
