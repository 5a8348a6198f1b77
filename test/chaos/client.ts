import { hash } from 'node:crypto'
import { Pool } from 'undici'
import type { JsonObject } from '../../src/documents/json.ts'
import type { DrawnRange, Operation, Outcome, SeenDocument } from './history.ts'
import { marksOf, patchOf } from './marks.ts'
import { BUNDLE_ROUTE, envelopesOf, LOAD_DEFAULTS_ROUTE, SEQUENCE_ROUTE, type Target } from './targets.ts'

/** Longer than anything a gateway may take; a frozen one answers after that or never. */
const PATIENCE_MS = 15_000
const CONNECTIONS = 16

interface Reply {
  readonly status: number
  readonly code: string
  readonly cache: string
  readonly body: JsonObject | undefined
}

type Request = Pick<Operation, 'type' | 'user'> & {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly route: string
  readonly payload?: JsonObject
  readonly mark?: string
  /** What a success tells. */
  readonly read: (body: JsonObject) => Partial<Pick<Operation, 'documents' | 'numbers' | 'changed'>>
}

/** One client: does one thing at a time, through whichever gateway it is told, and records it. */
export class ChaosClient {
  readonly name: string
  readonly #token: string
  readonly #pools: readonly Pool[]
  readonly #record: (operation: Operation) => void

  constructor(name: string, token: string, urls: readonly string[], record: (operation: Operation) => void) {
    this.name = name
    this.#token = token
    this.#pools = urls.map(
      url =>
        new Pool(url, { connections: CONNECTIONS, headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS }),
    )
    this.#record = record
  }

  read(gateway: number, user: string, { kind, section, route }: Target): Promise<Operation> {
    const read = (body: JsonObject) => ({ documents: [seen(kind, section, body)] })
    return this.#do(gateway, { type: 'read', user, method: 'GET', route, read })
  }

  readBundle(gateway: number, user: string): Promise<Operation> {
    const read = (body: JsonObject) => ({
      documents: envelopesOf(body).map(([kind, each]) => seen(kind, '', each)),
    })
    return this.#do(gateway, { type: 'read', user, method: 'GET', route: BUNDLE_ROUTE, read })
  }

  /** `mark` is unique in the run. */
  write(gateway: number, user: string, { kind, section, route }: Target, mark: string): Promise<Operation> {
    const read = (body: JsonObject) => ({ documents: [seen(kind, section, body)] })
    return this.#do(gateway, {
      type: 'write',
      user,
      method: 'PUT',
      route,
      payload: patchOf(mark),
      mark,
      read,
    })
  }

  /** A PUT that changes nothing: it tells the document as it is, as a write does. */
  writeNothing(gateway: number, user: string, { kind, section, route }: Target): Promise<Operation> {
    const read = (body: JsonObject) => ({ documents: [seen(kind, section, body)] })
    return this.#do(gateway, { type: 'write-nothing', user, method: 'PUT', route, payload: {}, read })
  }

  loadDefaults(gateway: number, user: string): Promise<Operation> {
    const read = (body: JsonObject) => ({ changed: Number(body.total_changes) })
    return this.#do(gateway, {
      type: 'load-defaults',
      user,
      method: 'POST',
      route: LOAD_DEFAULTS_ROUTE,
      read,
    })
  }

  draw(gateway: number, user: string, count: number): Promise<Operation> {
    const read = (body: JsonObject) => ({ numbers: numbersOf(body) })
    return this.#do(gateway, {
      type: 'draw',
      user,
      method: 'POST',
      route: SEQUENCE_ROUTE,
      payload: { count },
      read,
    })
  }

  /** Removes the user; only for an admin's client. What its documents were is forgotten, what comes after is not. */
  remove(gateway: number, user: string): Promise<Operation> {
    const route = `/api/users/${user}`
    return this.#do(gateway, { type: 'delete', user, method: 'DELETE', route, read: () => ({}) })
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map(pool => pool.destroy()))
  }

  async #do(gateway: number, request: Request): Promise<Operation> {
    const start = performance.now()
    const { status, code, cache, body } = await this.#send(gateway, request)
    const end = performance.now()
    const { type, user, mark = '' } = request
    const success = status >= 200 && status < 300
    const told = success && body !== undefined ? request.read(body) : {}
    const operation: Operation = {
      ...{ client: this.name, gateway, user, type, start, end, status, code, cache, mark },
      outcome: outcomeOf(success, status, code),
      documents: [],
      ...told,
    }
    this.#record(operation)
    return operation
  }

  async #send(gateway: number, { method, route, user, payload }: Request): Promise<Reply> {
    try {
      const { statusCode, headers, body } = await this.#pools[gateway]!.request({
        method,
        path: route,
        headers: {
          authorization: `Bearer ${this.#token}`,
          'x-user-id': user,
          ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: payload === undefined ? null : JSON.stringify(payload),
      })
      const text = await body.text()
      const json = (text === '' ? {} : JSON.parse(text)) as JsonObject
      const cache = String(headers['cache-status'] ?? '').replace('settings-gateway; ', '')
      return { status: statusCode, code: String(json.code ?? ''), cache, body: json }
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException
      return { status: 0, code: code ?? name, cache: '', body: undefined }
    }
  }
}

function outcomeOf(success: boolean, status: number, code: string): Outcome {
  if (success) return 'ok'
  return status === 0 || code === 'COMMIT_UNKNOWN' ? 'unknown' : 'refused'
}

function seen(kind: string, section: string, envelope: JsonObject): SeenDocument {
  return {
    kind,
    section,
    version: Number(envelope.version),
    value: hash('md5', JSON.stringify(envelope)).slice(0, 12),
    marks: marksOf(kind, section, envelope.data as JsonObject),
  }
}

function numbersOf({ date, first, last, source }: JsonObject): DrawnRange {
  return { day: String(date), first: Number(first), last: Number(last), source: String(source) }
}
