export type LockMode = 'shared' | 'exclusive'

interface Claim {
  readonly owner: object
  readonly mode: LockMode
  readonly granted: () => void
}

interface Lock {
  readonly held: Map<object, LockMode>
  readonly queue: Claim[]
}

/** Locks by name, held until their owner ends. The queue is fair: nobody overtakes one that waits. */
export class Locks {
  readonly #locks = new Map<string, Lock>()

  /** Resolves with the lock held. `onWait` gets a function that gives up the place in the queue. */
  async acquire(
    owner: object,
    name: string,
    mode: LockMode,
    onWait: (giveUp: () => void) => void,
  ): Promise<void> {
    const lock = this.#lockOf(name)
    if (lock.queue.length === 0 && compatible(lock, owner, mode)) {
      hold(lock, owner, mode)
      return
    }
    await new Promise<void>(granted => {
      const claim = { owner, mode, granted }
      lock.queue.push(claim)
      onWait(() => {
        const place = lock.queue.indexOf(claim)
        if (place >= 0) lock.queue.splice(place, 1)
        this.#grant(lock)
      })
    })
  }

  /** An exclusive lock if nobody else has it or waits for it. */
  tryAcquire(owner: object, name: string): boolean {
    const lock = this.#lockOf(name)
    if (lock.queue.length > 0 || !compatible(lock, owner, 'exclusive')) return false
    hold(lock, owner, 'exclusive')
    return true
  }

  release(owner: object): void {
    for (const lock of this.#locks.values()) {
      lock.held.delete(owner)
      for (let place = lock.queue.length - 1; place >= 0; place--)
        if (lock.queue[place]!.owner === owner) lock.queue.splice(place, 1)
      this.#grant(lock)
    }
  }

  #grant(lock: Lock): void {
    while (lock.queue.length > 0 && compatible(lock, lock.queue[0]!.owner, lock.queue[0]!.mode)) {
      const claim = lock.queue.shift()!
      hold(lock, claim.owner, claim.mode)
      claim.granted()
    }
  }

  #lockOf(name: string): Lock {
    const known = this.#locks.get(name)
    if (known !== undefined) return known
    const lock: Lock = { held: new Map(), queue: [] }
    this.#locks.set(name, lock)
    return lock
  }
}

function compatible(lock: Lock, owner: object, mode: LockMode): boolean {
  for (const [holder, heldMode] of lock.held)
    if (holder !== owner && (mode === 'exclusive' || heldMode === 'exclusive')) return false
  return true
}

function hold(lock: Lock, owner: object, mode: LockMode): void {
  if (lock.held.get(owner) !== 'exclusive') lock.held.set(owner, mode)
}
