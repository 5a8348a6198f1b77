import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { HttpReceiver } from '../../src/webhooks/http-receiver.ts'
import { temporaryDirectory } from '../helper/backends.ts'
import { blocksOf, pageText } from '../helper/readme.ts'
import { SECRET } from './receiver.ts'

/** The receivers of docs/webhooks.md, as they stand there. */

const BLOCKS = blocksOf(pageText('docs/webhooks.md'))
const MESSAGE = { id: 'msg_1', type: 'test', body: '{"type":"test","data":{"name":"ü"}}' }
const NEVER = new AbortController().signal
const PROGRAMS = [
  { language: 'python', file: 'receiver.py', command: 'python3' },
  { language: 'ts', file: 'receiver.ts', command: process.execPath },
]
/** One that Python cannot keep as Base64. */
const PLAIN = 'a secret of forty characters, not encoded'

for (const { language, file, command } of PROGRAMS) {
  t.test(language, async t => {
    if (!isThere(command)) return t.pass(`skipped: no ${command} on the PATH`)
    const path = join(temporaryDirectory(t), file)
    writeFileSync(path, BLOCKS.find(block => block.language === language)!.text)
    for (const secret of [SECRET, PLAIN]) {
      // Through env(1): tap puts its own loaders into NODE_OPTIONS of every child.
      const child = spawn('env', ['-u', 'NODE_OPTIONS', command, path], {
        env: { PATH: process.env.PATH, PORT: '0', WEBHOOK_SECRET: secret },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      t.teardown(() => child.kill('SIGKILL'))
      const port = /listening on (\d+)/.exec(await untilWritten(child, /listening on \d+\n/))![1]
      const url = new URL(`http://127.0.0.1:${port}/hook`)
      const send = async (key: string) => {
        const receiver = new HttpReceiver({ url, secret: key, timeoutMs: 60_000 })
        const { answer, detail } = await receiver.send(MESSAGE, NEVER)
        await receiver.close()
        return [answer, detail]
      }
      t.strictSame(await send('another secret of forty characters......'), ['failed', 'it answered 401'])
      const written = untilWritten(child, /msg_1 test .*ü/)
      t.strictSame(await send(secret), ['taken', 'it answered 204'])
      await written
    }
  })
}

function isThere(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** What it wrote until then. */
function untilWritten(child: ChildProcess, text: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout!.on('data', (piece: Buffer) => {
      output += piece
      if (text.test(output)) resolve(output)
    })
    child.once('exit', code => reject(new Error(`it ended with ${code}: ${output}`)))
  })
}
