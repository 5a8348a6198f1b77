import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createDatabase, onServer } from '../helper/backends.ts'
import { startGateway } from '../helper/gateway.ts'

t.test('a role that owns its database and is nothing else can run the gateway', async t => {
  const server = await createDatabase(t)
  const name = `plain_${randomBytes(6).toString('hex')}`
  await onServer(server, async client => {
    await client.query(`CREATE ROLE ${name} LOGIN PASSWORD 'of-a-test' NOSUPERUSER NOCREATEDB NOCREATEROLE`)
    await client.query(`CREATE DATABASE ${name} OWNER ${name} TEMPLATE template0`)
  })
  t.teardown(() =>
    onServer(server, async client => {
      await client.query(`DROP DATABASE ${name} WITH (FORCE)`)
      await client.query(`DROP ROLE ${name}`)
    }),
  )
  const url = new URL(server)
  Object.assign(url, { username: name, password: 'of-a-test', pathname: `/${name}` })
  const gateway = await startGateway(t, { DATABASE_URL: url.href })
  t.equal((await gateway.as('42', { url: '/health/ready' })).statusCode, 200)
  const put = await gateway.as('42', {
    method: 'PUT',
    url: '/api/futures/ginie/llm-config',
    payload: { enabled: false },
  })
  t.equal(put.statusCode, 200)
  t.equal((await gateway.as('42', { method: 'POST', url: '/api/user/sequence' })).json().sequence, 1)
})
