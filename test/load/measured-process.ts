import { performance } from 'node:perf_hooks'
import type { Environment } from '../../src/config.ts'
import { spawnNode } from '../helper/node-process.ts'
import { MemoryWatch } from './memory-watch.ts'

export interface Measured {
  readonly code: number | null
  /** What it wrote to its standard output. */
  readonly output: string
  readonly seconds: number
  readonly memory: MemoryWatch
}

/** Runs a command of this project to its end and watches its memory; its standard error is passed on. */
export async function runMeasured(args: readonly string[], cwd: string, env: Environment): Promise<Measured> {
  const startedAt = performance.now()
  const child = spawnNode(args, { cwd, env })
  const memory = new MemoryWatch(child.pid!)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.pipe(process.stderr, { end: false })
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    return { code, output, seconds: (performance.now() - startedAt) / 1_000, memory }
  } finally {
    memory.stop()
  }
}
