import { AsyncLocalStorage } from 'node:async_hooks'

export type StoreSystem = 'postgresql' | 'redis'

/** One call of a store for a request. */
export interface StoreWork {
  readonly system: StoreSystem
  /** A method of the port: `readRows`, `fence`, `applyAndCommit`. */
  readonly operation: string
  /** Milliseconds, monotonic. */
  readonly startedAt: number
  readonly endedAt: number
  readonly failed: boolean
}

const MAX_WORK = 100
const current = new AsyncLocalStorage<StoreWork[]>()

/** Runs `work`; its calls of ports that `traceCalls` made are added to `list`. */
export function collectWork(list: StoreWork[], work: () => void): void {
  current.run(list, work)
}

/**
 * The same port, which notes the calls of each request for its trace. Used only when tracing is on. Reads of one event-loop
 * tick share a command, which is noted for one of them. A call that no request waits for is noted if it ends in time.
 */
export function traceCalls<T extends object>(system: StoreSystem, port: T): T {
  return new Proxy(port, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function' || typeof name === 'symbol') return member
      return (...args: unknown[]) => {
        const list = current.getStore()
        const callback = args.at(-1)
        if (list !== undefined && typeof callback === 'function')
          args.splice(-1, 1, noting(list, system, name, callback as Callback))
        const result: unknown = member.apply(target, args)
        return list !== undefined && result instanceof Promise ? note(list, system, name, result) : result
      }
    },
  })
}

type Callback = (error: unknown, value: unknown) => void

function noting(list: StoreWork[], system: StoreSystem, operation: string, callback: Callback): Callback {
  const startedAt = performance.now()
  return (error, value) => {
    add(list, { system, operation, startedAt, endedAt: performance.now(), failed: value === undefined })
    callback(error, value)
  }
}

/** A request makes few calls itself, but work in its name, such as a shared statement, has no bound. */
function add(list: StoreWork[], work: StoreWork): void {
  if (list.length < MAX_WORK) list.push(work)
}

async function note(
  list: StoreWork[],
  system: StoreSystem,
  operation: string,
  result: Promise<unknown>,
): Promise<unknown> {
  const startedAt = performance.now()
  const end = (failed: boolean) =>
    add(list, { system, operation, startedAt, endedAt: performance.now(), failed })
  try {
    const value = await result
    end(false)
    // A transaction has methods of its own.
    return isTransaction(value) ? traceCalls(system, value) : value
  } catch (error) {
    end(true)
    throw error
  }
}

function isTransaction(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'rollback' in value
}
