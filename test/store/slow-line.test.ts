import t from 'tap'
import { Availability } from '../../src/store/availability.ts'
import { createViewPool } from '../../src/store/pool.ts'
import { PostgresStore } from '../../src/store/postgres-store.ts'
import { createDatabase } from '../helper/backends.ts'
import { eventually } from '../helper/gateway.ts'
import { startTcpProxy } from '../helper/tcp-proxy.ts'

const LEASE_MS = 1_000
/** Of each reply: to connect takes three round trips, longer in all than the lease; a statement one. */
const DELAY_MS = 400

t.test('a renewal that ends before its connection is there leaves it to the next one', async t => {
  const url = new URL(await createDatabase(t))
  const proxy = await startTcpProxy(t, Number(url.port))
  url.port = String(proxy.port)
  proxy.delay(DELAY_MS)
  const options = {
    url: url.href,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 2_000,
    idleInTransactionTimeoutMs: 1_500,
  }
  const viewPool = createViewPool(options, LEASE_MS, () => {})
  t.teardown(() => viewPool.end())
  const store = new PostgresStore({
    pool: viewPool,
    viewPool,
    viewTimeoutMs: LEASE_MS,
    availability: new Availability(),
  })
  await t.rejects(store.readView(), { name: 'DatabaseUnavailableError' }, 'it is still connecting')
  await eventually('the view is read', () =>
    store.readView().then(
      () => true,
      () => false,
    ),
  )
})
