import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { startStack } from '../helper/gateway.ts'
import { findPromtool, runPromtool } from '../helper/promtool.ts'
import { metricsOf } from './promql.ts'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: Readonly<Record<string, string>>
}
interface Panel {
  readonly title: string
  readonly type: string
  readonly description?: string
  readonly targets?: readonly { readonly expr: string }[]
}

const pathOf = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const ALERTS = pathOf('deploy/prometheus/alerts.yml')
const SCENARIOS = pathOf('test/deploy/alerts.promtool.yml')
const { groups } = parse(readFileSync(ALERTS, 'utf8')) as { groups: { rules: Rule[] }[] }
const rules = groups.flatMap(group => group.rules)
const dashboard = JSON.parse(readFileSync(pathOf('deploy/grafana/dashboards/settings-gateway.json'), 'utf8'))
const page = readFileSync(pathOf('docs/operate.md'), 'utf8')
const panels = (dashboard.panels as Panel[]).filter(({ type }) => type !== 'row')

t.test('the names in an expression', async t => {
  t.strictSame(metricsOf('sum by (le) (rate(a_bucket{x="b_c"}[5m])) / on () max(d) > 0.1 and e == 1'), [
    'a_bucket',
    'd',
    'e',
  ])
})

t.test('every metric that the alerts and the dashboard ask for is in GET /metrics', async t => {
  const { gateway } = await startStack(t)
  const { body } = await gateway.app.inject({ url: '/metrics' })
  const known = new Set(['up', 'ALERTS'])
  for (const [, name, type] of body.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    known.add(name!)
    if (type === 'histogram') for (const part of ['bucket', 'sum', 'count']) known.add(`${name}_${part}`)
  }
  const asked = [
    ...rules.map(({ alert, expr }) => ({ where: alert, expr })),
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ where: title, expr }))),
  ]
  t.ok(asked.length > 40)
  for (const { where, expr } of asked) {
    const names = metricsOf(expr)
    t.ok(names.length > 0, `${where} asks for something`)
    for (const name of names) t.ok(known.has(name), `${where}: ${name}`)
  }
})

t.test('no label holds a user id', async t => {
  const { gateway } = await startStack(t)
  const user = 'somebody-in-particular'
  for (const url of [
    '/api/user/settings',
    '/api/futures/ginie/modes/scalp',
    `/api/users/${user}`,
    `/${user}`,
  ])
    await gateway.as(user, { url })
  await gateway.as(user, { method: 'POST', url: '/api/user/sequence' })
  const { body } = await gateway.app.inject({ url: '/metrics' })
  t.match(body, 'route="/api/futures/ginie/modes/:mode"')
  t.notMatch(body, user)
})

t.test('every alert says what it means and what to do; every panel what it shows', async t => {
  for (const { alert, labels, annotations } of rules) {
    t.strictSame(Object.keys(annotations), ['summary', 'description', 'action'], alert)
    for (const text of Object.values(annotations)) t.ok(text.length > 20, alert)
    t.ok(
      page.includes(`| \`${alert}\` (${labels.severity}) | ${annotations.description} |`),
      `docs/operate.md: ${alert}`,
    )
    t.ok(['critical', 'warning', 'info'].includes(labels.severity), alert)
  }
  for (const { title, description = '' } of panels) t.ok(description.length > 5, title)
})

t.test('there is a scenario in which each alert fires', async t => {
  const scenarios = readFileSync(SCENARIOS, 'utf8')
  for (const { alert } of rules) t.match(scenarios, `alertname="${alert}"`)
})

const promtool = findPromtool()
const skip = promtool === undefined && 'no promtool: neither on the PATH nor by apt-get'

t.test('promtool: the rules are sound, and fire when they should', { skip }, async t => {
  const check = runPromtool(promtool!, 'check', 'rules', ALERTS)
  t.ok(check.ok, check.output)
  const scenarios = runPromtool(promtool!, 'test', 'rules', SCENARIOS)
  t.ok(scenarios.ok, scenarios.output)
})
