import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Test, type TestOpts } from 'tap'
import { type Outcome, outcomeOf } from './test-file.ts'

/**
 * A process that runs test files, one after the other, each on a message with its name. Each file gets a test of its own
 * when it imports tap. Ends when its parent disconnects, unless a file has left something that keeps it alive.
 */

/** Nothing but a hang takes so long, also on a busy machine. */
const TIMEOUT_MS = 600_000
const SCHEME = 'tap-of:'

/** A process that lives so long after its last file, milliseconds, names what keeps it alive. */
const LEFT_MS = 1_000

/** By the URL of the file. */
const tests = new Map<string, Test>()

Object.assign(globalThis, { tapOf: (url: string) => tests.get(url) })
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'tap' && tests.has(context.parentURL ?? '')
      ? { url: `${SCHEME}${context.parentURL}`, format: 'module', shortCircuit: true }
      : next(specifier, context),
  load: (url, context, next) =>
    url.startsWith(SCHEME)
      ? {
          source: `export default tapOf(${JSON.stringify(url.slice(SCHEME.length))})`,
          format: 'module',
          shortCircuit: true,
        }
      : next(url, context),
})

async function run(file: string): Promise<Outcome> {
  const { href } = pathToFileURL(resolve(file))
  const options: TestOpts = { name: file, timeout: TIMEOUT_MS, cb: () => import(href) }
  const test: Test = new Test(options)
  let tap = ''
  test.on('data', (text: string) => {
    tap += text
  })
  tests.set(href, test)
  await new Promise<void>(done => test.runMain(done))
  return outcomeOf(tap, test.counts)
}

process.on('disconnect', () => {
  const tell = () => process.stderr.write(`kept alive by ${process.getActiveResourcesInfo().join(', ')}\n`)
  setTimeout(tell, LEFT_MS).unref()
})

process.on('message', async (file: string) => {
  process.send!({ outcome: await run(file) })
})
