import { strict as assert } from 'node:assert'
import { setTimeout } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { Pool } from 'undici'
import { canonicalJson } from '../../src/documents/canonical.ts'
import { diff, shownChange } from '../../src/documents/changes.ts'
import { readJson } from '../../src/documents/json/read.ts'
import type { JsonObject } from '../../src/documents/json.ts'
import { redisOf, SERVICE, type TestGateway } from '../helper/gateway.ts'
import { canonical } from './canonical.ts'
import { type Sample, sampleTexts } from './texts.ts'

export interface WalkCounts {
  sent: number
  stored: number
  refused: Record<'twice' | 'content' | 'note', number>
  mismatches: string[]
}

export interface WalkOptions {
  readonly texts: number
  readonly seed: number
  /** Users that are written at the same time, so that names of one could become those of another. */
  readonly users?: number
  readonly onProgress?: (counts: WalkCounts) => void
}

/** Reads come from Redis itself, not from the memory of the gateway. */
export const WALK_ENVIRONMENT = { NEAR_CACHE_BYTES: '0' }

const SETTINGS = '/api/user/settings'
/** Texts of one PUT, each under a name of its own. */
const STORED_TOGETHER = 100
/** A problem names a hundred faults at most, and a text may have ten. */
const REFUSED_TOGETHER = 10
const MADE_TOGETHER = 1_000
const MAX_MISMATCHES = 20
const EMPTY = 1
const MAX_TRIES = 500
const PAUSE_MS = 20
/** Characters of a mismatch, before and behind its first one. */
const SHOWN = 150

/**
 * Sends texts as preferences and compares, character by character, what comes back from the PUT, from Redis, from the
 * database, from the history and from a rollback. What must be refused must be 400, with a path below the text.
 */
export async function walk(gateway: TestGateway, options: WalkOptions): Promise<WalkCounts> {
  const { texts, seed, users = 4, onProgress = () => {} } = options
  const counts: WalkCounts = {
    sent: 0,
    stored: 0,
    refused: { twice: 0, content: 0, note: 0 },
    mismatches: [],
  }
  const pool = new Pool(gateway.url, { connections: users })
  let next = 0
  const walker = async (user: string) => {
    const session = new Session(gateway, pool, user, counts)
    await session.open()
    while (next < texts && counts.mismatches.length < MAX_MISMATCHES) {
      const count = Math.min(MADE_TOGETHER, texts - next)
      next += count
      await session.send(sampleTexts(count, seed + next))
      onProgress(counts)
    }
  }
  try {
    const walkers = Array.from({ length: users }, (_, index) => walker(`walker-${index}`))
    // All of them, before the gateway is closed under one that goes on.
    for (const result of await Promise.allSettled(walkers))
      if (result.status === 'rejected') throw result.reason
  } finally {
    await pool.close()
  }
  return counts
}

/** One user: version 1 has no preferences, and each batch begins there. */
class Session {
  readonly #gateway: TestGateway
  readonly #pool: Pool
  readonly #user: string
  readonly #counts: WalkCounts
  #version = EMPTY

  constructor(gateway: TestGateway, pool: Pool, user: string, counts: WalkCounts) {
    this.#gateway = gateway
    this.#pool = pool
    this.#user = user
    this.#counts = counts
  }

  async open(): Promise<void> {
    const { body } = await this.#request('GET', SETTINGS)
    assert.match(body, /^\{"version":1,.*"preferences":\{\}/)
  }

  async send(samples: readonly Sample[]): Promise<void> {
    for (const reason of ['twice', 'content', 'note'] as const) {
      const refused = samples.filter(sample => sample.refused === reason)
      for (const batch of batches(refused, REFUSED_TOGETHER)) {
        await this.#refused(batch)
        this.#counts.refused[reason] += batch.length
        this.#counts.sent += batch.length
      }
    }
    const kept = samples.filter(({ refused }) => refused === undefined)
    for (const batch of batches(kept, STORED_TOGETHER)) {
      await this.#stored(batch)
      this.#counts.stored += batch.length
      this.#counts.sent += batch.length
    }
  }

  async #refused(batch: readonly Sample[]): Promise<void> {
    const { statusCode, body } = await this.#request('PUT', SETTINGS, bodyOf(batch))
    const errors: { path: string }[] = statusCode === 400 ? (JSON.parse(body).errors ?? []) : []
    batch.forEach(({ text }, index) => {
      const place = `preferences.t${index}`
      const isNamed = errors.some(({ path }) => path === place || path.startsWith(`${place}.`))
      if (!isNamed) this.#mismatch('not refused with its path', text, body)
    })
  }

  async #stored(batch: readonly Sample[]): Promise<void> {
    const names = batch.map((_, index) => `t${index}`)
    const sorted = [...names.keys()].sort((a, b) => (names[a]! < names[b]! ? -1 : 1))
    const expected = `{${sorted.map(index => `"${names[index]}":${batch[index]!.canonical}`).join(',')}}`
    const compare = (where: string, found: string | undefined) => {
      if (found !== expected) this.#mismatch(where, expected, found ?? '')
    }
    const put = await this.#request('PUT', SETTINGS, bodyOf(batch))
    if (put.statusCode !== 200) {
      this.#mismatch('the answer of PUT', expected, put.body)
      return
    }
    compare('the answer of PUT', preferencesIn(put.body))
    const stored = this.#moveTo(put)
    compare('Redis', preferencesIn(await this.#read('hit')))
    const client = redisOf(this.#gateway)
    await client.del(`user:${this.#user}:settings:all`)
    compare('the database', preferencesIn(await this.#read('fwd=')))
    compare('the history', preferencesIn((await this.#request('GET', `${SETTINGS}?version=${stored}`)).body))
    await this.#compareChanges(expected)
    await this.#rollback(EMPTY)
    compare('the answer of a rollback', preferencesIn((await this.#rollback(stored)).body))
    compare('Redis after a rollback', preferencesIn(await this.#read('hit')))
    await this.#rollback(EMPTY)
  }

  /** The changes of the last version, from empty preferences: each leaf by itself, as it was sent. */
  async #compareChanges(preferences: string): Promise<void> {
    const { body } = await this.#request('GET', `${SETTINGS}/history?limit=1`)
    const [, found = body] = /^\[\{"changes":(\[.*\]),"reason":/s.exec(canonical(body)) ?? []
    const after = { preferences: readJson(preferences) as JsonObject }
    const expected = canonicalJson(diff({ preferences: {} }, after).map(shownChange))
    if (found !== expected) this.#mismatch('the changes in the history', expected, found)
  }

  /** Each change that is meant makes one version: another one would be of something that had to be refused. */
  #moveTo({ headers }: Reply): number {
    const version = Number(String(headers.etag).replaceAll('"', ''))
    if (version !== this.#version + 1) this.#mismatch('the version', `${this.#version + 1}`, `${version}`)
    this.#version = version
    return version
  }

  /** Tries until it comes from there: a busy machine may lose its lease for a moment, and then nothing is a hit. */
  async #read(source: string): Promise<string> {
    let status = ''
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const { headers, body } = await this.#request('GET', SETTINGS)
      status = String(headers['cache-status'])
      if (status.startsWith(`settings-gateway; ${source}`)) return body
      await setTimeout(PAUSE_MS)
    }
    throw new Error(`never read from ${source}: ${status}`)
  }

  async #rollback(version: number): Promise<Reply> {
    const reply = await this.#request('POST', `${SETTINGS}/rollback`, `{"version":${version}}`)
    if (reply.statusCode !== 200)
      throw new Error(`a rollback was ${reply.statusCode}: ${reply.body.slice(0, SHOWN)}`)
    this.#moveTo(reply)
    return reply
  }

  /** Again after a 503, for a busy machine: a change that was made all the same changes nothing the second time. */
  async #request(method: Dispatcher.HttpMethod, path: string, body?: string): Promise<Reply> {
    for (let tries = 1; ; tries++) {
      const reply = await this.#requestOnce(method, path, body)
      if (reply.statusCode !== 503 || tries === MAX_TRIES) return reply
      await setTimeout(PAUSE_MS)
    }
  }

  async #requestOnce(method: Dispatcher.HttpMethod, path: string, body?: string): Promise<Reply> {
    const headers = {
      ...SERVICE,
      'x-user-id': this.#user,
      ...(body ? { 'content-type': 'application/json' } : {}),
    }
    const reply = await this.#pool.request({ method, path, headers, body: body ?? null })
    return { statusCode: reply.statusCode, headers: reply.headers, body: await reply.body.text() }
  }

  #mismatch(where: string, expected: string, found: string): void {
    let at = 0
    while (at < expected.length && expected[at] === found[at]) at++
    const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - SHOWN), at + 2 * SHOWN))
    this.#counts.mismatches.push(`${where}: ${around(expected)} became ${around(found)}`)
  }
}

interface Reply {
  readonly statusCode: number
  readonly headers: Dispatcher.ResponseData['headers']
  readonly body: string
}

function bodyOf(batch: readonly Sample[]): string {
  return `{"preferences":{${batch.map(({ text }, index) => `"t${index}":${text}`).join(',')}}}`
}

function preferencesIn(body: string): string | undefined {
  return /"preferences":(\{.*\}),"trading":\{/s.exec(body)?.[1]
}

function* batches<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}
