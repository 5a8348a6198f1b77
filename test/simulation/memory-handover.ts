import type { HandoverPort, HandoverReply, HandoverRequest } from '../../src/consistency/handover.ts'
import type { MemoryStore } from './memory-store.ts'
import type { PostgresServer } from './postgres-server.ts'

export interface HandoverRules {
  /** A request is answered by the instance that has carried it out. */
  readonly carriedOut: boolean
}

/** A request in the table, and what became of it. */
export interface StoredHandover {
  readonly request: HandoverRequest
  readonly epoch: number
  readonly view: number
  taken: boolean
  reply: { readonly value: unknown } | undefined
}

/** The HandoverPort of one gateway over the simulated PostgreSQL. */
export class MemoryHandover implements HandoverPort {
  readonly #store: MemoryStore
  readonly #server: PostgresServer
  readonly #rules: HandoverRules

  constructor(store: MemoryStore, server: PostgresServer, rules: HandoverRules) {
    this.#store = store
    this.#server = server
    this.#rules = rules
  }

  ask(epoch: number, requests: readonly HandoverRequest[]): Promise<void> {
    return this.#store.call('handover-ask', () => {
      for (const request of requests) {
        const { viewId: view } = this.#store
        const stored: StoredHandover = { request, epoch, view, taken: false, reply: undefined }
        if (!this.#rules.carriedOut && request.kind === 'fence')
          Object.assign(stored, { taken: true, reply: { value: 'done' } })
        this.#server.handovers.set(request.id, stored)
      }
    })
  }

  replies(ids: readonly string[]): Promise<readonly HandoverReply[]> {
    return this.#store.call('handover-replies', () =>
      ids.flatMap(id => {
        const reply = this.#server.handovers.get(id)?.reply
        if (reply === undefined) return []
        this.#server.handovers.delete(id)
        return [{ id, reply: reply.value }]
      }),
    )
  }

  take(epoch: number, limit: number): Promise<readonly HandoverRequest[]> {
    return this.#store.call('handover-take', () => {
      const waiting = [...this.#server.handovers.values()].filter(
        each => !each.taken && each.view === this.#store.viewId && each.epoch === epoch,
      )
      return waiting.slice(0, limit).map(each => {
        each.taken = true
        return each.request
      })
    })
  }

  answer(replies: readonly HandoverReply[]): Promise<void> {
    return this.#store.call('handover-answer', () => {
      for (const { id, reply } of replies) {
        const stored = this.#server.handovers.get(id)
        if (stored !== undefined) stored.reply = { value: reply }
      }
    })
  }
}
