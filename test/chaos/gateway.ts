import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { spawnChild, waitForEnd } from '../../src/dev/child.ts'
import type { GatewayCommand, GatewayEvent } from './gateway-messages.ts'

const ENTRY = join(import.meta.dirname, 'gateway-process.ts')
const START_TIMEOUT_MS = 120_000

export interface GatewayOptions {
  readonly env: NodeJS.ProcessEnv
  /** Where its output goes. */
  readonly logFile: string
  /** The address of this machine that its connections come from; its usual one when it is left out. */
  readonly localAddress?: string
  /** The limit of its open files; the machine's own when it is left out. */
  readonly openFiles?: number
}

/** A gateway in a process of its own that can be killed, frozen, and held at a step of the protocol. */
export class GatewayProcess {
  readonly url: string
  readonly #options: GatewayOptions
  #child: ChildProcess | undefined
  #reached: ((step: string) => void) | undefined
  /** Called when its event loop has stood still for so many milliseconds. */
  onStall: (milliseconds: number) => void = () => {}

  /** `env` has PORT, and whatever else the gateway is configured with. */
  constructor(options: GatewayOptions) {
    this.#options = options
    this.url = `http://127.0.0.1:${options.env.PORT}`
  }

  get env(): NodeJS.ProcessEnv {
    return this.#options.env
  }

  get running(): boolean {
    return this.#child !== undefined
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    const log = openSync(this.#options.logFile, 'a')
    const { openFiles, localAddress = '' } = this.#options
    const limits = openFiles === undefined ? [] : ['prlimit', `--nofile=${openFiles}:${openFiles}`, '--']
    // tap puts its own loaders into the NODE_OPTIONS of every child.
    const child = spawnChild(
      'env',
      ['-u', 'NODE_OPTIONS', ...limits, process.execPath, ENTRY, localAddress],
      {
        env: this.#options.env,
        deathSignal: 'KILL',
        stdio: ['ignore', log, log, 'ipc'],
      },
    )
    closeSync(log)
    this.#child = child
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the gateway did not start in time')), START_TIMEOUT_MS)
      child.once('error', reject)
      child.once('exit', code =>
        reject(new Error(`the gateway ended with ${code}, see ${this.#options.logFile}`)),
      )
      child.on('message', (event: GatewayEvent) => {
        if (event.type === 'reached') this.#reached?.(event.step)
        else if (event.type === 'stalled') this.onStall(event.milliseconds)
        else {
          clearTimeout(timer)
          resolve()
        }
      })
    })
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#child = undefined
    child.kill('SIGKILL')
    await waitForEnd(child)
  }

  /** SIGSTOP: connections stay open, nothing is answered, clocks go on. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Holds the first operation that comes to `step`; calls back when it is there. */
  holdAt(step: string, reached: () => void): void {
    this.#reached = reached
    this.#send({ type: 'arm', step })
  }

  /** Lets whatever is held go on, and arms nothing any more. */
  release(): void {
    this.#reached = undefined
    this.#send({ type: 'release' })
  }

  #send(command: GatewayCommand): void {
    if (this.#child?.connected) this.#child.send(command, () => {})
  }
}
