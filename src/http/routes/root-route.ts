import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { operation } from '../openapi/operation.ts'

const LINKS = { docs: '/docs', operator_page: '/ops/', openapi: '/docs/json', health: '/health' }
const Links = Type.Object(
  {
    docs: Type.String(),
    operator_page: Type.String(),
    openapi: Type.String(),
    health: Type.String(),
  },
  { examples: [LINKS] },
)
const ITEMS = Object.entries(LINKS).map(
  ([name, url]) => `<li><a href="${url}">${name.replace('_', ' ')}</a></li>`,
)
const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Settings gateway</title></head>
<body><h1>Settings gateway</h1><ul>${ITEMS.join('')}</ul></body></html>
`

/** Links from the bare address: a page for browsers, JSON for other clients. */
export function rootRoute(app: FastifyInstance): void {
  const schema = operation({
    id: 'root',
    tag: 'Operations',
    summary: 'Links to the documentation and the operator page',
    description: 'A page when `Accept` prefers `text/html`, else JSON. Asks no store.',
    auth: 'none',
    responses: { 200: { description: 'Addresses.', schema: Links } },
  })
  app.get('/', { schema }, async ({ headers }, reply) => {
    reply.header('vary', 'Accept')
    if (!prefersHtml(headers.accept)) return LINKS
    return reply
      .headers({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': "default-src 'none'",
        'x-content-type-options': 'nosniff',
      })
      .send(PAGE)
  })
}

function prefersHtml(accept = ''): boolean {
  return qualityOf(accept, 'text/html') > qualityOf(accept, 'application/json')
}

/** 0 when the type is not named (RFC 9110, 12.5.1); wildcards prefer nothing. */
function qualityOf(accept: string, type: string): number {
  const parts = accept.split(',').map(part => part.split(';').map(text => text.trim().toLowerCase()))
  const found = parts.find(([name]) => name === type)
  if (found === undefined) return 0
  const quality = Number(found.find(text => text.startsWith('q='))?.slice(2) ?? 1)
  return Number.isNaN(quality) ? 0 : quality
}
