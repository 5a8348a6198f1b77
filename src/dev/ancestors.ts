import { readFileSync } from 'node:fs'

const PAUSE_MS = 500

/**
 * Calls `onOrphaned` once when the process that started this one is gone. npm does not forward SIGTERM, and SIGKILL
 * cannot be forwarded: without this a killed `npm start` would leave everything behind.
 */
export function watchParent(onOrphaned: () => void): void {
  const parent = process.ppid
  const grandparent = parentOf(parent)
  const timer = setInterval(() => {
    // npm runs scripts through a shell, which lives on when npm is killed.
    const orphaned =
      process.ppid !== parent || (grandparent !== undefined && parentOf(parent) !== grandparent)
    if (!orphaned) return
    clearInterval(timer)
    onOrphaned()
  }, PAUSE_MS)
  timer.unref()
}

/** Undefined where there is no /proc. */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}
