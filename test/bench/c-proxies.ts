import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import { end, freePort, spawnChild, untilReady } from '../../src/dev/child.ts'
import { debianPackages } from '../../src/dev/debian-packages.ts'
import { DOCUMENTS } from '../../src/documents/catalogue.ts'
import { PLAIN_CODEC } from '../helper/plain-names.ts'
import type { ServerProcess } from './server-process.ts'
import { CACHE_DIR, type Stack } from './stack.ts'

/** What others use to put Redis behind HTTP, written in C. Neither authenticates nor knows whether a value is stale. */

const NGINX = [
  ...['nginx', 'libnginx-mod-http-ndk', 'libnginx-mod-http-lua', 'lua-resty-core', 'lua-resty-lrucache'],
  ...['lua-nginx-redis', 'libluajit2-5.1-2', 'libluajit2-5.1-common', 'libpcre3', 'libssl3'],
]
const WEBDIS = ['webdis', 'libb64-0d', 'libevent-2.1-7', 'libhiredis0.14', 'libjansson4', 'libmsgpackc2']
const START_TIMEOUT_MS = 5_000
/** Ticks of /proc/<pid>/stat per second, on every Linux. */
const TICKS = 100

/** nginx with Lua: /get?<key> answers one key, /bundle the documents of `userId` spliced. Undefined: not to be had. */
export async function startNginx(stack: Stack, userId: string): Promise<ServerProcess | undefined> {
  const found = debianPackages(CACHE_DIR, 'nginx-lua', NGINX)
  if (found === undefined) return undefined
  const port = await freePort()
  const config = join(stack.directory, 'nginx.conf')
  writeFileSync(config, nginxConfig(found.root, stack, port, userId))
  const args = ['-c', config, '-p', stack.directory, '-e', join(stack.directory, 'nginx.log')]
  const libraries = `${found.libraries}:${join(found.root, 'lib', 'x86_64-linux-gnu')}`
  return start(join(found.root, 'usr/sbin/nginx'), args, libraries, `http://127.0.0.1:${port}`, '/bundle')
}

/** Webdis: /GET/<key> answers {"GET": "<text>"}. Undefined: not to be had. */
export async function startWebdis(stack: Stack): Promise<ServerProcess | undefined> {
  const found = debianPackages(CACHE_DIR, 'webdis', WEBDIS)
  if (found === undefined) return undefined
  const port = await freePort()
  const config = join(stack.directory, 'webdis.json')
  writeFileSync(
    config,
    JSON.stringify({
      redis_host: '127.0.0.1',
      redis_port: stack.redisPort,
      http_host: '127.0.0.1',
      http_port: port,
      threads: 1,
      pool_size: 4,
      daemonize: false,
      verbosity: 0,
      logfile: join(stack.directory, 'webdis.log'),
    }),
  )
  const url = `http://127.0.0.1:${port}`
  return start(join(found.root, 'usr/bin/webdis'), [config], found.libraries, url, '/PING')
}

async function start(
  path: string,
  args: readonly string[],
  libraries: string,
  url: string,
  probe: string,
): Promise<ServerProcess | undefined> {
  const env = { ...process.env, LD_LIBRARY_PATH: libraries }
  const child = spawnChild(path, args, { deathSignal: 'KILL', stdio: 'ignore', env })
  const pid = child.pid!
  try {
    await untilReady(
      child,
      async () => {
        const { statusCode, body } = await request(`${url}${probe}`)
        await body.dump()
        if (statusCode !== 200) throw new Error(`${path} answers ${statusCode}`)
      },
      START_TIMEOUT_MS,
    )
  } catch (error) {
    child.kill('SIGKILL')
    process.stderr.write(`skipped: ${(error as Error).message}\n`)
    return undefined
  }
  return { url, usage: async () => usageOf(pid), stop: () => end(child, 'SIGKILL', 0) }
}

function usageOf(pid: number): { cpuUs: number; rssBytes: number } {
  // Fields 14, 15 and 24, counted behind the name, which may hold blanks.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return { cpuUs: (ticks / TICKS) * 1_000_000, rssBytes: Number(fields[21]) * 4_096 }
}

function nginxConfig(root: string, stack: Stack, port: number, userId: string): string {
  const modules = join(root, 'usr/lib/nginx/modules')
  const lua = join(root, 'usr/share/lua/5.1')
  const keys = DOCUMENTS.map(({ kind }) => `"${PLAIN_CODEC.keys({ userId, kind })[0]}"`).join(', ')
  const connect = `local redis = require("nginx.redis"):new()
        local ok = redis:connect("127.0.0.1", ${stack.redisPort})
        if not ok then return ngx.exit(502) end`
  return `load_module ${modules}/ndk_http_module.so;
load_module ${modules}/ngx_http_lua_module.so;
pid ${stack.directory}/nginx.pid;
user root;
daemon off;
master_process off;
worker_processes 1;
error_log ${stack.directory}/nginx.log error;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path ${stack.directory}/nginx-body;
  proxy_temp_path ${stack.directory}/nginx-proxy;
  fastcgi_temp_path ${stack.directory}/nginx-fastcgi;
  uwsgi_temp_path ${stack.directory}/nginx-uwsgi;
  scgi_temp_path ${stack.directory}/nginx-scgi;
  lua_package_path "${lua}/?.lua;;";
  server {
    listen 127.0.0.1:${port};
    default_type application/json;
    location /get {
      content_by_lua_block {
        ${connect}
        local value = redis:get(ngx.var.query_string)
        redis:set_keepalive(10000, 100)
        ngx.header["Content-Length"] = #value
        ngx.print(value)
      }
    }
    location /bundle {
      content_by_lua_block {
        ${connect}
        local values = redis:mget(${keys})
        redis:set_keepalive(10000, 100)
        local body = "[" .. table.concat(values, ",") .. "]"
        ngx.header["Content-Length"] = #body
        ngx.print(body)
      }
    }
  }
}
`
}
