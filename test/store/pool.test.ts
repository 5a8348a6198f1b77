import t from 'tap'
import { createPool } from '../../src/store/pool.ts'
import { createDatabase } from '../helper/backends.ts'
import { startTcpProxy } from '../helper/tcp-proxy.ts'
import { fatal } from './writing.ts'

const TIMES = {
  connectTimeoutMs: 10_000,
  freeTimeoutMs: 10_000,
  statementTimeoutMs: 10_000,
  idleInTransactionTimeoutMs: 10_000,
}

for (const ends of [false, true]) {
  t.test(
    `a lost connection is ${ends ? 'no news of a pool that ends' : 'told of a pool that goes on'}`,
    async t => {
      const url = new URL(await createDatabase(t))
      const proxy = await startTcpProxy(t, Number(url.port))
      url.port = String(proxy.port)
      const told: Error[] = []
      const pool = createPool({ url: url.href, poolSize: 1, ...TIMES }, error => told.push(error))
      const client = await pool.connect()
      client.release()
      const closed = new Promise(resolve => client.once('end', resolve))
      const ended = ends ? pool.end() : undefined
      proxy.endWith(fatal('57P01'))
      await closed
      t.equal(told.length, ends ? 0 : 1)
      await (ended ?? pool.end())
    },
  )
}
