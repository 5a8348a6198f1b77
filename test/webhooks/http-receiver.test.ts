import t from 'tap'
import { HttpReceiver } from '../../src/webhooks/http-receiver.ts'
import { keyOf, sign } from '../../src/webhooks/signature.ts'
import { SECRET, startReceiver } from './receiver.ts'

const MESSAGE = { id: 'msg_1', type: 'test', body: '{"type":"test"}' }
const NEVER = new AbortController().signal

t.test('the signature is that of the Standard Webhooks specification', async t => {
  const key = keyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  t.equal(
    sign(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}'),
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  )
  t.strictSame(keyOf('plain text, ü'), Buffer.from('plain text, ü'))
})

t.test('what each answer means; no redirect is followed', async t => {
  const target = await startReceiver(t)
  const receiver = new HttpReceiver({ url: new URL(target.url), secret: SECRET })
  t.teardown(() => receiver.close())
  const expected = { 200: 'taken', 204: 'taken', 307: 'failed', 400: 'refused', 401: 'failed', 500: 'failed' }
  for (const [status, answer] of Object.entries(expected)) {
    target.status = Number(status)
    t.equal((await receiver.send(MESSAGE, NEVER)).answer, answer, status)
  }
  t.equal(target.received.length, Object.keys(expected).length)
})

t.test('an answer that does not come is a failure, and the next try is a new one', async t => {
  const target = await startReceiver(t, 'silent')
  const receiver = new HttpReceiver({ url: new URL(target.url), secret: SECRET, timeoutMs: 500 })
  t.teardown(() => receiver.close())
  t.equal((await receiver.send(MESSAGE, NEVER)).answer, 'failed')
  t.equal((await receiver.send(MESSAGE, NEVER)).answer, 'failed')
})

t.test('nothing listens: a failure without the address of WEBHOOK_URL', async t => {
  const url = new URL('http://127.0.0.1:1/in-the-path?key=in-the-query')
  const receiver = new HttpReceiver({ url, secret: SECRET })
  t.teardown(() => receiver.close())
  const { answer, detail } = await receiver.send(MESSAGE, NEVER)
  t.equal(answer, 'failed')
  t.notMatch(detail, /in-the/)
})
