import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { fileVariable } from '../../src/config/secret-files.ts'
import { VARIABLES } from '../../src/config/variables.ts'
import { type Environment, loadConfig } from '../../src/config.ts'
import { temporaryDirectory } from '../helper/backends.ts'
import { ROOT } from '../helper/readme.ts'

// biome-ignore lint/suspicious/noExplicitAny: manifests of Kubernetes have no types here
type Manifest = any

const manifests = (file: string): Manifest[] =>
  parseAllDocuments(readFileSync(join(ROOT, 'deploy/kubernetes', file), 'utf8')).map(document =>
    document.toJS(),
  )
const all = manifests('gateway.yml')
const byKind = (kind: string): Manifest => all.find(manifest => manifest.kind === kind)
const [secret] = manifests('secret.example.yml')
const deployment = byKind('Deployment')
const pod = deployment.spec.template.spec
const [container] = pod.containers
const { data } = byKind('ConfigMap')

const SECRETS: Readonly<Record<string, string>> = {
  database_password: 'kT4vLq9sXw2Z',
  redis_password: 'pR7nBc5mYd8J',
  jwt_secret: 'Jq3v8Zt1Lw6Xb9Nc4Rm7Ky2Pf5Hd0Gs8',
  service_tokens: 'bot=Aw4Sx7Dc1Fv8Gb3Hn6Jm9Kl2Qp5Zo0Ti',
}

t.test('its environment is a sound production configuration, with the files of the Secret', async t => {
  const directory = temporaryDirectory(t)
  const [{ mountPath, name }] = container.volumeMounts
  const volume = pod.volumes.find((each: Manifest) => each.name === name)
  t.equal(volume.secret.secretName, secret.metadata.name)
  t.strictSame(Object.keys(secret.stringData), Object.keys(SECRETS))
  mkdirSync(join(directory, 'files'))
  for (const [file, text] of Object.entries(SECRETS))
    writeFileSync(join(directory, 'files', file), `${text}\n`)
  const env: Record<string, string> = {}
  for (const [variable, value] of Object.entries<string>(data)) {
    t.equal(typeof value, 'string', `${variable}: Kubernetes takes texts only`)
    t.ok(
      variable in VARIABLES || Object.keys(VARIABLES).some(own => fileVariable(own) === variable),
      variable,
    )
    env[variable] = value.replace(mountPath, join(directory, 'files'))
  }
  const config = loadConfig(env)
  t.equal(config.production, true)
  t.equal(config.http.port, container.ports[0].containerPort)
  t.equal(config.redis.target?.password, SECRETS.redis_password)
  t.equal(new URL(config.database.url).password, SECRETS.database_password)
  const { delayMs, timeoutMs } = config.shutdown
  t.ok(
    pod.terminationGracePeriodSeconds * 1_000 > timeoutMs,
    'a pod has the time that the gateway takes to end',
  )
  const { periodSeconds, failureThreshold } = container.readinessProbe
  t.ok(delayMs > periodSeconds * failureThreshold * 1_000, 'it serves until the probe has failed')
})

t.test('the template of the Secret is refused as it stands', async t => {
  const directory = temporaryDirectory(t)
  const env: Environment = Object.fromEntries(
    Object.entries<string>(data).map(([variable, value]) => {
      if (!variable.endsWith('_FILE')) return [variable, value]
      const file = join(directory, value.split('/').at(-1)!)
      writeFileSync(file, secret.stringData[value.split('/').at(-1)!])
      return [variable, file]
    }),
  )
  t.throws(() => loadConfig(env), /JWT_SECRET_FILE: .* is empty/)
})

t.test('nothing of it needs root, a service account or a writable disk', async t => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
  const { runAsNonRoot, runAsUser, runAsGroup } = pod.securityContext
  t.equal(runAsNonRoot, true)
  t.match(dockerfile, `USER ${runAsUser}:${runAsGroup}`)
  t.match(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
  t.match(pod, { enableServiceLinks: false, automountServiceAccountToken: false })
})

t.test('probes ask routes that exist, and the selectors meet the pods', async t => {
  const { paths } = JSON.parse(readFileSync(join(ROOT, 'openapi/openapi.json'), 'utf8'))
  const [{ name }] = container.ports
  for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
    const { path, port } = container[probe].httpGet
    t.ok(path in paths, `${probe}: ${path}`)
    t.equal(port, name)
  }
  t.equal(container.livenessProbe.httpGet.path, '/health/live', 'an outage of a store restarts nothing')
  const { labels } = deployment.spec.template.metadata
  t.strictSame(deployment.spec.selector.matchLabels, labels)
  t.strictSame(byKind('Service').spec.selector, labels)
  t.strictSame(byKind('PodDisruptionBudget').spec.selector.matchLabels, labels)
  t.equal(byKind('Service').spec.ports[0].targetPort, name)
  t.ok(deployment.spec.replicas > byKind('PodDisruptionBudget').spec.minAvailable)
  t.equal(deployment.spec.strategy.rollingUpdate.maxUnavailable, 0)
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  t.equal(container.image, `settings-gateway:${version}`)
})
