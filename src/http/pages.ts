import { fileURLToPath } from 'node:url'
import helmet from '@fastify/helmet'
import serveStatic from '@fastify/static'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { onAnswerEnd } from './connection-end.ts'
import { MAX_PAGE_FILES } from './file-limit.ts'
import { serveDocs } from './openapi/swagger.ts'
import { serveLibraries } from './page-libraries.ts'
import { ProblemError } from './problem-error.ts'

const OPS_FILES = fileURLToPath(new URL('ops', import.meta.url))
/** Where the operator page is: what a link to it may say. The page itself reads it. */
const PlaceQuery = Type.Object({
  page: Type.Optional(Type.String()),
  user: Type.Optional(Type.String()),
  document: Type.Optional(Type.String()),
  tab: Type.Optional(Type.String()),
  q: Type.Optional(Type.String()),
  where: Type.Optional(Type.Array(Type.String())),
  of: Type.Optional(Type.String()),
  by: Type.Optional(Type.String()),
  reason: Type.Optional(Type.String()),
  from: Type.Optional(Type.String()),
  until: Type.Optional(Type.String()),
})

/** The pages that a browser renders, under a Content-Security-Policy; the API needs no such headers. */
export async function servePages(app: FastifyInstance): Promise<void> {
  const bound = boundFiles()
  await app.register(async docs => {
    bound(docs)
    // Swagger UI sets styles in its markup.
    await protect(docs, ["'self'", "'unsafe-inline'"])
    await serveDocs(docs)
  })
  await app.register(async ops => {
    bound(ops)
    await protect(ops, ["'self'"])
    await serveOps(ops)
  })
}

/** Bounds the files that are open at once: pages need no authentication, and slow readers keep files open. */
function boundFiles(): (app: FastifyInstance) => void {
  let open = 0
  return app => {
    app.addHook('onRequest', (request, reply, done) => {
      if (open >= MAX_PAGE_FILES) {
        done(new ProblemError('OVERLOADED', 'too many pages are read', { headers: { 'retry-after': '1' } }))
        return
      }
      open++
      onAnswerEnd(request, reply, () => {
        open--
      })
      done()
    })
  }
}

async function protect(app: FastifyInstance, styleSrc: string[]): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        styleSrc,
        fontSrc: ["'self'"],
        // Operators reach an instance over plain HTTP inside their network, where no server answers HTTPS.
        upgradeInsecureRequests: null,
      },
    },
  })
}

/** The operator page at /ops/: plain modules and styles, and its libraries from node_modules. */
async function serveOps(app: FastifyInstance): Promise<void> {
  await app.register(serveStatic, { root: OPS_FILES, prefix: '/ops/', wildcard: false, index: false })
  await serveLibraries(app)
  const schema = { hide: true, querystring: PlaceQuery }
  app.get('/ops', { schema }, (request, reply) => {
    // Relative, because the page may be behind a path prefix.
    void reply.redirect(`ops/${request.raw.url!.slice('/ops'.length)}`)
  })
  app.get('/ops/', { schema }, (_request, reply) => {
    void reply.sendFile('index.html')
  })
}
