import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { spawnChild, waitForEnd } from '../../src/dev/child.ts'
import type { Outcome } from './test-file.ts'

const WORKER = join(import.meta.dirname, 'test-worker.ts')
/** Behind the worker's own limit, which says what hangs. */
const FILE_TIMEOUT_MS = 660_000
const END_TIMEOUT_MS = 60_000

/**
 * Runs test files in one process, one after the other: loading the gateway and compiling its schemas is most of what a
 * file costs, and is done once. A file that failed may have left anything: the next one gets a new process.
 */
export class TestRunner {
  readonly #env: NodeJS.ProcessEnv
  #worker: ChildProcess | undefined
  /** What the process wrote itself during the file: tap's output comes in the outcome. */
  #output = ''

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env
  }

  async run(file: string): Promise<Outcome> {
    this.#worker ??= this.#start()
    this.#output = ''
    const outcome = await this.#outcome(this.#worker, file)
    if (outcome.failed === 0) return outcome
    this.#worker.kill('SIGKILL')
    this.#worker = undefined
    return { ...outcome, notes: [...outcome.notes, this.#output] }
  }

  /** Fails when a file has left something that keeps the process alive. */
  async end(patienceMs = END_TIMEOUT_MS): Promise<Outcome> {
    const worker = this.#worker
    this.#worker = undefined
    if (worker === undefined) return { passed: 0, failed: 0, notes: [] }
    worker.disconnect()
    const impatient = setTimeout(() => worker.kill('SIGKILL'), patienceMs)
    await waitForEnd(worker)
    clearTimeout(impatient)
    if (worker.exitCode === 0) return { passed: 0, failed: 0, notes: [] }
    const note = `FAILED: a process of test files ended with ${worker.exitCode ?? worker.signalCode}, after the last one`
    return { passed: 0, failed: 1, notes: [note, this.#output] }
  }

  #start(): ChildProcess {
    const worker = spawnChild(process.execPath, [WORKER], {
      deathSignal: 'KILL',
      // Each file has a limit of its own; that of the process would end it in the middle of one.
      env: { ...this.#env, TAP_TIMEOUT: '0' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    for (const stream of [worker.stdout!, worker.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
      })
    }
    return worker
  }

  #outcome(worker: ChildProcess, file: string): Promise<Outcome> {
    const impatient = setTimeout(() => worker.kill('SIGKILL'), FILE_TIMEOUT_MS)
    return new Promise<Outcome>(resolve => {
      // tap sends messages of its own.
      worker.on('message', ({ outcome }: { outcome?: Outcome }) => {
        if (outcome !== undefined) resolve(outcome)
      })
      worker.once('close', (code, signal) =>
        resolve({ passed: 0, failed: 1, notes: [`the process ended with ${code ?? signal}`] }),
      )
      worker.send(file, error => {
        if (error) resolve({ passed: 0, failed: 1, notes: [`it was not run: ${error.message}`] })
      })
    }).finally(() => {
      clearTimeout(impatient)
      worker.removeAllListeners('message').removeAllListeners('close')
    })
  }
}
