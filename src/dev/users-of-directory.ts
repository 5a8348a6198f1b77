import { readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { sep } from 'node:path'
import { StartError } from '../start-failure.ts'

const PAUSE_MS = 20

/**
 * The ids of the processes that work in `directory` or below: PostgreSQL with all of its backends, Redis. Empty where
 * there is no /proc, and without the processes that this user may not look at.
 */
export function usersOf(directory: string): readonly number[] {
  let real: string
  try {
    real = realpathSync(directory)
    // Processes may end while /proc is read.
    return readdirSync('/proc')
      .map(Number)
      .filter(pid => pid > 0 && pid !== process.pid && isWithin(workingDirectory(pid), real))
  } catch {
    return []
  }
}

/** Sends `signal` to all of them; those that end meanwhile are none. */
export function signalUsersOf(directory: string, signal: NodeJS.Signals): void {
  for (const pid of usersOf(directory)) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/** Resolves when no process works there any more. Rejects after `timeoutMs`. */
export async function untilUnused(directory: string, timeoutMs: number): Promise<void> {
  const patience = performance.now() + timeoutMs
  for (;;) {
    const users = usersOf(directory)
    if (users.length === 0) return
    if (performance.now() > patience) throw new StartError(`process ${users[0]} runs in ${directory} already`)
    await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
  }
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory + sep)
}

/** Empty for a process that has ended or belongs to another user. */
function workingDirectory(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}
