import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Environment } from '../../src/config.ts'

/** What every Node that a test starts gets from the environment of the tests. */
export function nodeEnvironment(): Environment {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  return { PATH, NODE_COMPILE_CACHE }
}

export interface NodeOptions {
  readonly cwd: string
  /** The whole environment beside that of `nodeEnvironment`. */
  readonly env: Environment
}

export type NodeProcess = ChildProcessByStdio<null, Readable, Readable>

/**
 * Starts Node as an operator does. Through env(1), for tap puts its own loaders into NODE_OPTIONS of every child that
 * is spawned; the pid is that of Node.
 */
export function spawnNode(args: readonly string[], { cwd, env }: NodeOptions): NodeProcess {
  return spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, ...args], {
    cwd,
    env: { ...nodeEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Runs Node until it ends by itself. `output` is what it wrote to both streams. */
export function runNode(
  args: readonly string[],
  options: NodeOptions,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawnNode(args, options)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.once('error', reject)
    child.once('close', code => resolve({ code, output }))
  })
}

/** Resolves when the process has written `text` to its standard output; rejects when it ends before. */
export function untilOutput(child: NodeProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      output += piece
      if (output.includes(text)) resolve()
    })
    child.once('exit', code => reject(new Error(`it ended with ${code}: ${output}`)))
  })
}
