/** A clock that the test moves; sleepers wake when it has come by. */
export function clockByHand() {
  const sleepers = new Set<{ at: number; wake: () => void }>()
  let now = 0
  return {
    now: () => now,
    sleep: (ms: number) => new Promise<void>(wake => sleepers.add({ at: now + ms, wake })),
    turn: () => Promise.resolve(),
    /** In steps, as time goes. */
    pass: async (ms: number) => {
      const end = now + ms
      while (now < end) {
        now = Math.min(end, now + 100)
        for (const sleeper of [...sleepers]) if (sleeper.at <= now && sleepers.delete(sleeper)) sleeper.wake()
        await new Promise(resolve => setImmediate(resolve))
      }
    },
    sleepers: () => sleepers.size,
  }
}
