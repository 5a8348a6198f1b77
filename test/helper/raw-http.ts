import { connect } from 'node:net'
import type { Scope } from './backends.ts'

export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
}

/**
 * All answers that a server gives to these pieces of bytes until it closes the connection. Each further piece is sent
 * when the answer before it has begun.
 */
export async function sayRaw(t: Scope, port: number, ...pieces: (string | Buffer)[]): Promise<RawAnswer[]> {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  // What is sent after the last answer meets a closed connection.
  socket.on('error', () => {})
  const closed = new Promise(resolve => socket.once('close', resolve))
  const [first = '', ...rest] = pieces
  let text = ''
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece
    const next = rest.shift()
    if (next !== undefined) socket.write(next)
  })
  socket.write(first)
  await closed
  return answersIn(text, { isAll: true })
}

/** By Content-Length, as far as they are complete; of all that came (`isAll`) the answer to a HEAD has no body. */
export function answersIn(text: string, { isAll = false } = {}): RawAnswer[] {
  const answers: RawAnswer[] = []
  for (let rest = text; rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) break
    const head = rest.slice(0, end)
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0)
    const body = rest.slice(end + 4, end + 4 + length)
    if (body.length < length && !isAll) break
    answers.push({ status: Number(head.slice(9, 12)), head, body: Buffer.from(body, 'latin1').toString() })
    rest = rest.slice(end + 4 + length)
  }
  return answers
}
