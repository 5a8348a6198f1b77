import t from 'tap'
import { FAMILIES } from '../../src/documents/catalogue.ts'
// @ts-expect-error: a module of the page, without types
import { FAMILIES as SHOWN } from '../../src/http/ops/lib/documents.js'
import { startStack } from '../helper/gateway.ts'

/** The operator page without a browser: everything that it loads is there, under its policy, without a step between. */

const { gateway } = await startStack(t)
const get = (url: string, headers = {}) => gateway.app.inject({ url, headers })

const TYPES: Readonly<Record<string, RegExp>> = {
  js: /^(text|application)\/javascript/,
  mjs: /^(text|application)\/javascript/,
  css: /^text\/css/,
  svg: /^image\/svg/,
}

t.test('the page and each of its modules, styles and pictures', async t => {
  const page = await get('/ops/')
  t.equal(page.statusCode, 200)
  t.match(page.headers['content-type'], /^text\/html/)
  t.notMatch(
    page.body,
    /<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|https?:/,
    'nothing inline, nothing from elsewhere',
  )
  const left = [...page.body.matchAll(/(?:src|href)="([^"#][^"]*)"/g)].map(
    ([, at]) => new URL(at!, 'http://gateway/ops/'),
  )
  const seen = new Set<string>()
  for (let url = left.pop(); url !== undefined; url = left.pop()) {
    if (seen.has(url.pathname)) continue
    seen.add(url.pathname)
    const file = await get(url.pathname)
    t.equal(file.statusCode, 200, url.pathname)
    t.match(file.headers['content-type'], TYPES[url.pathname.split('.').at(-1)!], url.pathname)
    t.match(file.headers['content-security-policy'], /default-src 'self'/, url.pathname)
    t.notMatch(file.headers['content-security-policy'], /unsafe/, url.pathname)
    if (!/js$/.test(url.pathname)) continue
    for (const [, name] of file.body.matchAll(/\bfrom\s*["']([^"'\s]+)["']/g)) {
      t.match(name, /^\.\.?\//, `${url.pathname} imports by address: there is no import map`)
      left.push(new URL(name!, url))
    }
    if (url.pathname.startsWith('/ops/vendor/')) continue
    t.notMatch(file.body, /innerHTML|eval\(|new Function|dangerouslySet|\sstyle=\$|\son[a-z]+=/, url.pathname)
    t.ok(file.body.split('\n').length <= 200, `${url.pathname} is short`)
  }
  for (const name of ['preact.mjs', 'preact-hooks.mjs', 'htm.mjs', 'uplot.mjs', 'uplot.css']) {
    t.ok(seen.has(`/ops/vendor/${name}`), name)
  }
})

t.test('what a browser has is not sent again', async t => {
  const { headers } = await get('/ops/vendor/preact.mjs')
  const again = await get('/ops/vendor/preact.mjs', { 'if-none-match': headers.etag })
  t.equal(again.statusCode, 304)
  t.equal(again.body, '')
  t.equal((await get('/ops/vendor/package.json')).statusCode, 404)
})

t.test('each place has an address', async t => {
  for (const at of [
    '?user=42',
    '?page=users&q=4&where=a%3E1&where=b%3C2',
    '?user=42&document=mode.scalp&tab=history',
  ]) {
    t.equal((await get(`/ops/${at}`)).statusCode, 200, at)
    const { statusCode, headers } = await get(`/ops${at}`)
    t.equal(statusCode, 302)
    t.equal(headers.location, `ops/${at}`)
  }
  t.equal((await get('/ops/?token=secret')).statusCode, 400, 'no token in an address')
})

t.test('the page knows the documents that the gateway has', async t => {
  const shown = SHOWN.map(({ family, title, route, perMode, places }: (typeof SHOWN)[number]) => ({
    family,
    title,
    route: `/${route}`,
    perMode,
    places,
  }))
  t.strictSame(
    shown,
    FAMILIES.map(({ family, title, route, perMode, defaults }) => ({
      family,
      title,
      route,
      perMode,
      places: typeof defaults === 'string' ? { '': defaults } : defaults,
    })),
  )
})
