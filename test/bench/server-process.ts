import { fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { waitForEnd } from '../../src/dev/child.ts'
import type { Usage } from './servers/usage.ts'

/** A server in a process of its own, so that it shares no core time with the load generator unnoticed. */
export interface ServerProcess {
  readonly url: string
  usage(): Promise<Usage>
  stop(): Promise<void>
}

/** `file` is in servers/, or absolute; the server ends with this process. */
export async function forkServer(
  file: string,
  env: NodeJS.ProcessEnv,
  execArgv: readonly string[] = [],
): Promise<ServerProcess> {
  const child = fork(resolve(import.meta.dirname, 'servers', file), {
    env: { ...process.env, ...env },
    execArgv: [...execArgv],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const gone = new Promise<never>((_, reject) => {
    child.once('exit', () => reject(new Error(`the server ${file} ended`)))
  })
  // Nobody may be waiting when it ends as it should.
  gone.catch(() => {})
  const message = () => Promise.race([once(child, 'message'), gone])
  const [{ url }] = await message()
  return {
    url,
    usage: async () => {
      const answer = message()
      child.send('usage')
      const [{ usage }] = await answer
      return usage
    },
    stop: async () => {
      if (child.connected) child.disconnect()
      await waitForEnd(child)
    },
  }
}
