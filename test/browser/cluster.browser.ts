import t from 'tap'
import { accessibilityFaults } from '../helper/accessibility.ts'
import { createDatabase } from '../helper/backends.ts'
import { NO_BROWSER, openPage, startBrowser } from '../helper/browser.ts'
import { startTestCluster } from '../helper/cluster/start.ts'
import { eventually, SHORT_LEASE, startGateway } from '../helper/gateway.ts'
import { open, signIn } from './operator.ts'

t.test('the nodes of a Redis Cluster', { skip: NO_BROWSER }, async t => {
  const [url, cluster] = await Promise.all([createDatabase(t), startTestCluster(t)])
  const env = { ...SHORT_LEASE, DATABASE_URL: url, REDIS_CLUSTER_NODES: cluster.seeds }
  const gateway = await startGateway(t, env)
  await eventually('it answers from Redis', () => gateway.services.cluster!.partitions().on === 64)
  await gateway.as('42', { url: '/api/user/settings' })
  const { page } = await openPage(t, await startBrowser(t), { viewport: { width: 375, height: 700 } })
  await signIn(page, gateway)
  for (const { port } of cluster.nodes)
    await page
      .getByRole('row', { name: new RegExp(`127\\.0\\.0\\.1:${port}.*up.*calm.*2\\d of 64`) })
      .waitFor()
  await page.getByText('64 are answered from Redis').waitFor()
  t.strictSame(await accessibilityFaults(page), [])
  await open(page, gateway, '?user=42&tab=cache')
  await page.getByText(/They are on 127\.0\.0\.1:\d+\./).waitFor()
  const [, port] = /They are on 127\.0\.0\.1:(\d+)/.exec(await page.locator('main').innerText()) ?? []
  t.ok(cluster.nodes.some(node => node.port === Number(port)))
})
