import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find(existsSync)

/** The user that private PostgreSQL runs as when we are root: nobody. */
export const NOBODY = 65_534

export interface ChildOptions extends SpawnOptions {
  /** Run as `nobody`, who may still read where only root may: PostgreSQL refuses to run as root. */
  readonly asNobody?: boolean
  /** What the kernel sends to the child when this process dies, however it dies. */
  readonly deathSignal: 'INT' | 'KILL' | 'TERM'
}

/** Starts a child that does not outlive this process, where the system has setpriv. */
export function spawnChild(command: string, args: readonly string[], options: ChildOptions): ChildProcess {
  const { asNobody = false, deathSignal, ...spawnOptions } = options
  if (SETPRIV === undefined) {
    if (asNobody) throw new Error('setpriv (util-linux) is needed to run PostgreSQL as root')
    return spawn(command, args, spawnOptions)
  }
  const drop = asNobody
    ? [
        `--reuid=${NOBODY}`,
        `--regid=${NOBODY}`,
        '--clear-groups',
        '--inh-caps=+dac_read_search',
        '--ambient-caps=+dac_read_search',
        '--securebits=+no_setuid_fixup',
      ]
    : []
  return spawn(SETPRIV, [...drop, `--pdeathsig=${deathSignal}`, '--', command, ...args], spawnOptions)
}

/** Resolves when the child has ended. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise(resolve => child.once('exit', () => resolve()))
}

/** A port of 127.0.0.1 that nobody uses at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** Tries until the work succeeds. Rejects with its last error after `timeoutMs`, or when the child has ended. */
export async function untilReady(
  child: ChildProcess,
  work: () => Promise<unknown>,
  timeoutMs: number,
): Promise<void> {
  const patience = performance.now() + timeoutMs
  for (;;) {
    try {
      await work()
      return
    } catch (error) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error('the process ended', { cause: error })
      if (performance.now() > patience) throw error
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
}
