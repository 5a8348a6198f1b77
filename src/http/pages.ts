import { fileURLToPath } from 'node:url'
import helmet from '@fastify/helmet'
import serveStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { onAnswerEnd } from './connection-end.ts'
import { MAX_PAGE_FILES } from './file-limit.ts'
import { serveDocs } from './openapi/swagger.ts'
import { ProblemError } from './problem-error.ts'

const OPS_FILES = fileURLToPath(new URL('ops', import.meta.url))
const CHART_FILES = fileURLToPath(new URL('.', import.meta.resolve('uplot')))
/** The files of the chart library that the page loads. */
const CHART_LIBRARY = ['/uPlot.esm.js', '/uPlot.min.css']

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

/** The operator page at /ops/: plain modules and styles, and the chart library from node_modules. */
async function serveOps(app: FastifyInstance): Promise<void> {
  const options = { wildcard: false, decorateReply: false }
  await app.register(serveStatic, { ...options, root: OPS_FILES, prefix: '/ops/', redirect: true })
  await app.register(serveStatic, {
    ...options,
    root: CHART_FILES,
    prefix: '/ops/vendor/',
    index: false,
    globIgnore: ['**/!(uPlot.esm.js|uPlot.min.css)'],
    allowedPath: path => CHART_LIBRARY.includes(path),
  })
}
