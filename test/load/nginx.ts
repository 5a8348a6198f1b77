import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, spawnChild, untilReady } from '../../src/dev/child.ts'
import { debianPackages } from '../../src/dev/debian-packages.ts'
import { findOnPath } from '../../src/dev/redis-binary.ts'
import { type Scope, temporaryDirectory } from '../helper/backends.ts'
import { readmeBlocks } from '../helper/readme.ts'
import type { Balancer } from './rolling-restart.ts'

const CACHE = join(import.meta.dirname, '../../.data')
const PACKAGES = ['nginx', 'libpcre2-8-0', 'libpcre3', 'libssl3', 'zlib1g']
const START_MS = 5_000
/** Whether nginx is here already; if not, Debian's is downloaded. */
export const HAS_NGINX = findOnPath('nginx') !== undefined || existsSync(join(CACHE, 'nginx'))

/**
 * nginx before the instances on `ports`, with the configuration that the README recommends: nginx of the PATH, or
 * Debian's in a private directory. It asks nobody for /health/ready: whether an instance is up it sees by sending.
 */
export async function startNginx(t: Scope, ports: readonly number[]): Promise<Balancer> {
  const nginx = nginxBinary()
  if (nginx === undefined) throw new Error('there is no nginx: neither on the PATH nor by apt-get')
  const directory = temporaryDirectory(t)
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(join(directory, name))
  const port = await freePort()
  const config = join(directory, 'nginx.conf')
  writeFileSync(config, configOf(directory, port, ports))
  const child = spawnChild(
    nginx.binary,
    ['-c', config, '-p', directory, '-e', join(directory, 'error.log')],
    {
      deathSignal: 'KILL',
      stdio: ['ignore', 'inherit', 'inherit'],
      env: nginx.env,
    },
  )
  t.teardown(() => child.kill('SIGKILL'))
  const url = `http://127.0.0.1:${port}`
  await untilReady(child, () => fetch(`${url}/health/live`), START_MS)
  return { url, healthy: isReady, failures: [] }
}

/** nginx of the PATH, or Debian's in a private directory, with the environment it needs. */
export function nginxBinary(): { readonly binary: string; readonly env: NodeJS.ProcessEnv } | undefined {
  const onPath = findOnPath('nginx')
  if (onPath !== undefined) return { binary: onPath, env: process.env }
  const packages = debianPackages(CACHE, 'nginx', PACKAGES)
  if (packages === undefined) return undefined
  return {
    binary: join(packages.root, 'usr/sbin/nginx'),
    env: { ...process.env, LD_LIBRARY_PATH: packages.libraries },
  }
}

/** The README's blocks with this machine's addresses, and what nginx needs around them. */
function configOf(directory: string, port: number, ports: readonly number[]): string {
  const { text } = readmeBlocks().find(({ language }) => language === 'nginx')!
  let next = 0
  const site = text
    .replaceAll(/server 10\.0\.0\.\d:8080/g, () => `server 127.0.0.1:${ports[next++]}`)
    .replace('server {\n', `server {\n  listen 127.0.0.1:${port};\n`)
  if (next !== ports.length) throw new Error('the README has another number of instances')
  return `pid ${directory}/nginx.pid;
user root;
daemon off;
master_process off;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 100000000;
  ${['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${temporary(name)}_temp_path ${directory}/${name};`).join('\n  ')}
${site}}
`
}

function temporary(name: string): string {
  return name === 'body' ? 'client_body' : name
}

async function isReady(port: number): Promise<boolean> {
  const { ok } = await fetch(`http://127.0.0.1:${port}/health/ready`, { headers: { connection: 'close' } })
  return ok
}
