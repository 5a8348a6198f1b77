import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { RedisTimeoutError } from '../../src/cache/deadline.ts'
import { type LaneOptions, ReadLane } from '../../src/cache/read-lane.ts'
import { RespError } from '../../src/cache/resp.ts'

/** A lane to a server that does what the test says; `received` is what it has read. */
async function startLane(t: Test, timeoutMs: number, more: Partial<LaneOptions> = {}) {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [peer] = (await once(server, 'connection')) as [Socket]
  peer.on('error', () => {})
  const received: string[] = []
  peer.on('data', chunk => received.push(String(chunk)))
  const lost: Error[] = []
  const faults: unknown[] = []
  const lane = new ReadLane(socket, {
    timeoutMs,
    onLost: error => lost.push(error),
    onFault: error => faults.push(error),
    ...more,
  })
  t.teardown(() => {
    lane.close()
    peer.destroy()
    server.close()
  })
  return { lane, peer, received, lost, faults }
}

t.test('commands of one turn leave in one write, replies go to their commands', async t => {
  const { lane, peer, received } = await startLane(t, 5_000)
  const replies = Promise.allSettled([
    lane.send(['GET', 'a']),
    lane.send(['GET', 'b']),
    lane.send(['GET', 'c-ü']),
  ])
  await once(peer, 'data')
  t.equal(received.length, 1)
  t.match(received[0], /a\r\n.*b\r\n.*\$4\r\nc-ü\r\n/s)
  peer.write('$1\r\nA\r\n-ERR no\r\n$-1\r\n')
  const [a, b, c] = await replies
  t.match(a, { status: 'fulfilled', value: Buffer.from('A') })
  t.match(b, { status: 'rejected', reason: new RespError('ERR no') })
  t.match(c, { status: 'fulfilled', value: null })
})

t.test('a late reply belongs to the command that gave up, not to the next', async t => {
  const { lane, peer } = await startLane(t, 30)
  await t.rejects(lane.send(['GET', 'late']), RedisTimeoutError)
  const next = lane.send(['GET', 'next'])
  peer.write('$4\r\nLATE\r\n$4\r\nNEXT\r\n')
  t.strictSame(await next, Buffer.from('NEXT'))
})

t.test('a pause of this process is no failure of Redis', async t => {
  const { lane, peer } = await startLane(t, 30)
  const answered = lane.send(['GET', 'a'])
  await once(peer, 'data')
  const until = performance.now() + 100
  while (performance.now() < until) {
    // Nothing else runs meanwhile.
  }
  setTimeout(() => peer.write('$1\r\nA\r\n'), 10)
  t.strictSame(await answered, Buffer.from('A'))
})

t.test('a connection that is closed, or talks nonsense, fails what waits and is told once', async t => {
  for (const end of [(peer: Socket) => peer.destroy(), (peer: Socket) => peer.write('nonsense\r\n')]) {
    const { lane, peer, lost } = await startLane(t, 5_000)
    const waiting = lane.send(['GET', 'a'])
    await once(peer, 'data')
    end(peer)
    await t.rejects(waiting)
    await t.rejects(lane.send(['GET', 'b']))
    t.equal(lost.length, 1)
  }
})

t.test('a reply that nobody waits for ends the connection', async t => {
  const { lane, peer, lost } = await startLane(t, 5_000)
  const waiting = lane.send(['GET', 'a'])
  peer.write('$1\r\nA\r\n$1\r\nB\r\n')
  await waiting
  t.equal(lost.length, 1)
})

const INFO = (id: string, role = 'master') => {
  const text = `# Replication\r\nrole:${role}\r\nmaster_replid:${id}\r\n`
  return `$${text.length}\r\n${text}\r\n`
}

t.test(
  'with onInfo each write ends with one INFO, which is told before the replies of the write',
  async t => {
    const told: string[] = []
    const { lane, peer, received } = await startLane(t, 5_000, {
      onInfo: info => told.push(`info ${/replid:(\w+)/.exec(String(info))?.[1]}`),
    })
    const ask = (key: string) =>
      new Promise<void>(resolve => {
        lane.ask(`*2\r\n$3\r\nGET\r\n$1\r\n${key}\r\n`, (error, reply) => {
          told.push(`${key} ${error instanceof Error ? error.message : reply}`)
          resolve()
        })
      })
    const first = Promise.all([ask('a'), ask('b')])
    await once(peer, 'data')
    const second = ask('c')
    await once(peer, 'data')
    t.equal(received.join('').match(/INFO/g)?.length, 2)
    t.match(received[0], /a\r\n.*b\r\n.*INFO\r\n\$11\r\nreplication\r\n$/s)
    peer.write('$1\r\nA\r\n-ERR no\r\n')
    await setImmediate()
    await setImmediate()
    t.strictSame(told, [], 'held back until the INFO is there')
    peer.write(`${INFO('x')}$1\r\nC\r\n${INFO('y')}`)
    await Promise.all([first, second])
    t.strictSame(told, ['info x', 'a A', 'b ERR no', 'info y', 'c C'])
  },
)

t.test('an exception of a callback is told apart from a broken connection', async t => {
  const { lane, peer, lost, faults } = await startLane(t, 5_000)
  lane.ask('*1\r\n$4\r\nPING\r\n', () => {
    throw new TypeError('a fault of the program')
  })
  const next = lane.send(['GET', 'a'])
  peer.write('+PONG\r\n$1\r\nA\r\n')
  t.strictSame(await next, Buffer.from('A'), 'the next reply is delivered')
  t.match(faults, [new TypeError('a fault of the program')])
  t.equal(lost.length, 0)
})

/** Runs the garbage collector; what was looked at in this turn of the event loop is held until it has ended. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  await setImmediate()
  gc()
}

t.test('what was answered is let go of, however few commands follow', async t => {
  const { lane, peer } = await startLane(t, 30_000)
  // As the response that a caller writes to when the reply is there.
  const ask = () =>
    new Promise<WeakRef<object>>(resolve => {
      const held = { answered: false }
      lane.ask('*1\r\n$4\r\nPING\r\n', () => {
        held.answered = true
        resolve(new WeakRef(held))
      })
    })
  const answered = Promise.all([ask(), ask(), ask()])
  const waiting = ask()
  peer.write('+PONG\r\n'.repeat(3))
  const refs = await answered
  await collectGarbage()
  t.strictSame(
    refs.map(ref => ref.deref()),
    [undefined, undefined, undefined],
  )
  peer.write('+PONG\r\n')
  t.match((await waiting).deref(), { answered: true })
})
