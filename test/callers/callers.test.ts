import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { temporaryDirectory } from '../helper/backends.ts'
import { SERVICE_TOKEN, startStack, type TestGateway } from '../helper/gateway.ts'
import { runNode } from '../helper/node-process.ts'
import { ROOT } from '../helper/readme.ts'
import { curlCommands, programIn, runPython } from './programs.ts'

/** The programs of docs/callers.md, as they stand there. The one in Go is run by `npm run callers`. */

const run = promisify(execFile)
/** curl's exit code when the time is over, as it is for a stream. */
const TIME_IS_OVER = 28

let gateway: TestGateway

t.before(async () => {
  gateway = (await startStack(t)).gateway
})

t.test('Python', async t => {
  const { printed, expected } = await runPython(temporaryDirectory(t), {
    url: gateway.url,
    token: SERVICE_TOKEN,
  })
  if (printed === undefined) t.pass('skipped: no python3 on the PATH')
  else t.equal(printed, expected)
})

t.test('curl', async t => {
  const statuses: string[] = []
  for (const command of curlCommands()) {
    const env = { ...process.env, GATEWAY: gateway.url, TOKEN: SERVICE_TOKEN }
    const ran: { stdout: string } = await run('bash', ['-c', `${command} -sS`], { env }).catch(error => {
      if (error.code !== TIME_IS_OVER) throw error
      return error
    })
    statuses.push(ran.stdout.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length))
  }
  t.strictSame(statuses, ['200', '304', '200', '200', '200', '200'])
})

t.test('TypeScript', async t => {
  // The package itself is tried by test/client/package.test.ts.
  mkdirSync(join(ROOT, '.data'), { recursive: true })
  const file = join(ROOT, '.data', `callers-${process.pid}.ts`)
  writeFileSync(file, programIn('ts').replace("'settings-gateway-client'", "'../src/client/client.ts'"))
  t.teardown(() => rmSync(file, { force: true }))
  const env = { GATEWAY_URL: gateway.url, GATEWAY_TOKEN: SERVICE_TOKEN }
  const { code, output } = await runNode([file], { cwd: ROOT, env })
  t.equal(code, 0, output)
  t.equal(output, 'user ts-1, 4 modes\nan order number: true\n')
})
