import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import { PLAIN_CODEC } from '../helper/plain-names.ts'
import { startNginx, startWebdis } from './c-proxies.ts'
import type { Contender } from './rounds.ts'
import type { ServerProcess } from './server-process.ts'
import { asBot, asUser, type Stack } from './stack.ts'

const SETTINGS = '/api/user/settings'
export const DECISION = '/api/futures/ginie/decision-settings'
const SIZES = { '3 KB': 3 * 1_024, '40 KB': 40 * 1_024 }

/** A user whose documents are the defaults. */
export const DEFAULT_USER = 'default'

/** The user whose settings have about so many bytes. */
const userOf = (size: keyof typeof SIZES) => `with-${SIZES[size]}`

export interface Prepared {
  readonly contenders: readonly Contender[]
  readonly gateway: ServerProcess
  readonly bare: ServerProcess
}

/**
 * The contenders of the read comparison: the gateway, and bare Fastify with the very bytes that the gateway answers.
 */
export async function readContenders(stack: Stack, offline: boolean): Promise<Prepared> {
  const gateway = await stack.gateway()
  const { url } = gateway
  const bundle = await get(`${url}${DECISION}`, asBot(DEFAULT_USER))
  const small = await settingsOf(url, '3 KB')
  const large = await settingsOf(url, '40 KB')
  const bare = await bareServer(stack, { small: small.body, large: large.body, bundle: bundle.body })
  const gets = (name: string, path: string, headers: Record<string, string>, against: string): Contender => ({
    name,
    against,
    load: { url: `${url}${path}`, headers },
    server: gateway,
  })
  // The same request as the gateway's: whoever calls has to say who it is, and a server has to read it.
  const constant = (name: string, path: string, headers: Record<string, string> = {}): Contender => ({
    name,
    load: { url: `${bare.url}${path}`, headers },
    server: bare,
  })
  const unchanged = { 'If-None-Match': small.etag }
  const contenders = [
    constant('bare Fastify, 3 KB', '/small', asBot(userOf('3 KB'))),
    gets('gateway, one document of 3 KB', SETTINGS, asBot(userOf('3 KB')), 'bare Fastify, 3 KB'),
    gets('the same with a JWT', SETTINGS, asUser(userOf('3 KB')), 'bare Fastify, 3 KB'),
    constant('bare Fastify, 40 KB', '/large', asBot(userOf('40 KB'))),
    gets('gateway, one document of 40 KB', SETTINGS, asBot(userOf('40 KB')), 'bare Fastify, 40 KB'),
    constant('bare Fastify, decision-settings', '/bundle', asBot(DEFAULT_USER)),
    gets('gateway, decision-settings', DECISION, asBot(DEFAULT_USER), 'bare Fastify, decision-settings'),
    constant('bare Fastify, 304', '/304', { ...asBot(userOf('3 KB')), ...unchanged }),
    gets(
      'gateway, 304 of one document',
      SETTINGS,
      { ...asBot(userOf('3 KB')), ...unchanged },
      'bare Fastify, 304',
    ),
    gets(
      'gateway, 304 of decision-settings',
      DECISION,
      { ...asBot(DEFAULT_USER), 'If-None-Match': bundle.etag },
      'bare Fastify, 304',
    ),
    constant('one SELECT', '/select-one'),
    constant('five SELECTs', '/select-five'),
    ...(offline ? [] : await proxyContenders(stack)),
  ]
  return { contenders, gateway, bare }
}

/** Those that are not to be had are left out, and said so. */
async function proxyContenders(stack: Stack): Promise<Contender[]> {
  const small = PLAIN_CODEC.keys({ userId: userOf('3 KB'), kind: 'settings' })[0]!
  const large = PLAIN_CODEC.keys({ userId: userOf('40 KB'), kind: 'settings' })[0]!
  const nginx = await stack.own(startNginx(stack, DEFAULT_USER))
  const webdis = await stack.own(startWebdis(stack))
  const gets = (server: ServerProcess, name: string, path: string, against: string): Contender => ({
    name,
    against,
    load: { url: `${server.url}${path}` },
    server,
  })
  if (nginx === undefined) process.stderr.write('skipped: nginx with Lua\n')
  if (webdis === undefined) process.stderr.write('skipped: Webdis\n')
  return [
    ...(nginx === undefined
      ? []
      : [
          gets(nginx, 'nginx + Lua, 3 KB', `/get?${small}`, 'bare Fastify, 3 KB'),
          gets(nginx, 'nginx + Lua, 40 KB', `/get?${large}`, 'bare Fastify, 40 KB'),
          gets(nginx, 'nginx + Lua, the same bundle', '/bundle', 'bare Fastify, decision-settings'),
        ]),
    ...(webdis === undefined
      ? []
      : [
          gets(webdis, 'Webdis, 3 KB', `/GET/${small}`, 'bare Fastify, 3 KB'),
          gets(webdis, 'Webdis, 40 KB', `/GET/${large}`, 'bare Fastify, 40 KB'),
        ]),
  ]
}

/** The reads of this gateway and of another, each with a stack of its own, in turn. */
export async function besideContenders(now: ServerProcess, before: ServerProcess): Promise<Contender[]> {
  const both = async (name: string, path: string, user: string, unchanged = false): Promise<Contender[]> => {
    const load = async ({ url }: ServerProcess) => {
      const { etag } = await get(`${url}${path}`, asBot(user))
      return {
        url: `${url}${path}`,
        headers: { ...asBot(user), ...(unchanged ? { 'If-None-Match': etag } : {}) },
      }
    }
    const base = `before: ${name}`
    return [
      { name: base, server: before, load: await load(before) },
      { name, against: base, server: now, load: await load(now) },
    ]
  }
  for (const { url } of [now, before])
    for (const size of ['3 KB', '40 KB'] as const) await settingsOf(url, size)
  return [
    ...(await both('one document of 3 KB', SETTINGS, userOf('3 KB'))),
    ...(await both('one document of 40 KB', SETTINGS, userOf('40 KB'))),
    ...(await both('decision-settings', DECISION, DEFAULT_USER)),
    ...(await both('304 of one document', SETTINGS, userOf('3 KB'), true)),
    ...(await both('304 of decision-settings', DECISION, DEFAULT_USER, true)),
  ]
}

/** Bare Fastify that answers `bodies` under their names. */
export function bareServer(stack: Stack, bodies: Record<string, Buffer>) {
  const file = join(stack.directory, 'bodies.json')
  const texts = Object.entries(bodies).map(([name, body]) => [name, body.toString('base64')])
  writeFileSync(file, JSON.stringify(Object.fromEntries(texts)))
  return stack.server('bare.ts', { BENCH_BODIES: file })
}

/** The settings of a user, filled up with preferences. */
async function settingsOf(url: string, size: keyof typeof SIZES) {
  const headers = asBot(userOf(size))
  const before = await get(`${url}${SETTINGS}`, headers)
  const missing = SIZES[size] - before.body.length
  const widgets = Array.from({ length: Math.ceil(missing / 64) }, (_, id) => ({ id, text: 'x'.repeat(40) }))
  const body = JSON.stringify({ preferences: { widgets } })
  const put = await request(`${url}${SETTINGS}`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/json' },
    body,
  })
  await put.body.dump()
  if (put.statusCode !== 200) throw new Error(`the settings were refused: ${put.statusCode}`)
  return get(`${url}${SETTINGS}`, headers)
}

async function get(url: string, headers: Record<string, string>): Promise<{ body: Buffer; etag: string }> {
  const reply = await request(url, { headers })
  const body = Buffer.from(await reply.body.arrayBuffer())
  if (reply.statusCode !== 200) throw new Error(`${url}: ${reply.statusCode} ${body}`)
  return { body, etag: String(reply.headers.etag) }
}
