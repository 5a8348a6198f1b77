import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type ListenOptions } from 'node:net'
import { StartError } from '../start-failure.ts'

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find(existsSync)

/** The user `nobody`: private PostgreSQL runs as it when we are root. */
export const NOBODY = 65_534

/** Capabilities that let it read where only root may, such as below a 0700 home; containers often lack the first. */
const READ_ANYWHERE = [
  { name: 'dac_read_search', bit: 2n },
  { name: 'dac_override', bit: 1n },
]

/** Below the ports that the kernel gives to outgoing connections: a port that is free stays free while we restart. */
const FIRST_PORT = 20_000
const PORTS = 12_000

export interface ChildOptions extends SpawnOptions {
  /** Run as `nobody`: PostgreSQL refuses to run as root. */
  readonly asNobody?: boolean
  /** What the kernel sends to the child when this process dies, however it dies. */
  readonly deathSignal: 'INT' | 'KILL' | 'TERM'
}

/** Starts a child that does not outlive this process, where the system has setpriv. */
export function spawnChild(command: string, args: readonly string[], options: ChildOptions): ChildProcess {
  const { asNobody = false, deathSignal, ...spawnOptions } = options
  if (SETPRIV === undefined) {
    if (asNobody) throw new StartError('setpriv (util-linux) is needed to run PostgreSQL as root')
    return spawn(command, args, spawnOptions)
  }
  const drop = asNobody ? dropRoot() : []
  return spawn(SETPRIV, [...drop, `--pdeathsig=${deathSignal}`, '--', command, ...args], spawnOptions)
}

function dropRoot(): readonly string[] {
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
  const [, permitted = '0'] = /^CapPrm:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  const capability = READ_ANYWHERE.find(({ bit }) => (BigInt(`0x${permitted}`) >> bit) & 1n)
  if (capability === undefined) return user
  return [
    ...user,
    `--inh-caps=+${capability.name}`,
    `--ambient-caps=+${capability.name}`,
    '--securebits=+no_setuid_fixup',
  ]
}

/** Resolves when the child has ended. */
export function waitForEnd(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return Promise.resolve()
  child.ref()
  return new Promise(resolve => child.once('exit', () => resolve()))
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Sends `signal`; after `patienceMs` SIGKILL. Resolves when the child has ended. */
export async function end(child: ChildProcess, signal: NodeJS.Signals, patienceMs: number): Promise<void> {
  if (hasEnded(child)) return
  const impatient = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  child.kill(signal)
  await waitForEnd(child)
  clearTimeout(impatient)
}

/** A port of 127.0.0.1 that is free, and given to no other process that asks here while this one lives. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS)
    if (!(await canListen({ port, host: '127.0.0.1' }))) continue
    // Its server may need seconds until it listens. An abstract socket leaves no file, and ends with this process.
    if (await canListen({ path: `\0settings-gateway-port-${port}` }, { keep: true })) return port
  }
}

function canListen(address: ListenOptions, { keep = false } = {}): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer().unref()
    server.once('error', () => resolve(false))
    server.listen(address, () => (keep ? resolve(true) : server.close(() => resolve(true))))
  })
}

/** Tries until the work succeeds. Rejects with its last error after `timeoutMs`, or when the child has ended. */
export async function untilReady(
  child: ChildProcess,
  work: () => Promise<unknown>,
  timeoutMs: number,
): Promise<void> {
  const patience = performance.now() + timeoutMs
  let failure: Error | undefined
  child.once('error', error => {
    failure = error
  })
  for (;;) {
    try {
      await work()
      // Another program may have answered on this port.
      if (!hasEnded(child)) return
    } catch (error) {
      failure ??= performance.now() > patience ? (error as Error) : undefined
    }
    if (failure) throw failure
    if (hasEnded(child)) throw new Error(`it ended at once, with ${child.exitCode ?? child.signalCode}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
