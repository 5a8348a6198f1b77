import { fileURLToPath } from 'node:url'
import helmet from '@fastify/helmet'
import serveStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { serveDocs } from './openapi/swagger.ts'

const OPS_FILES = fileURLToPath(new URL('ops', import.meta.url))
const CHART_FILES = fileURLToPath(new URL('.', import.meta.resolve('uplot')))
/** What a page loads of the chart library. */
const CHART_LIBRARY = ['/uPlot.esm.js', '/uPlot.min.css']

/** The pages that a browser renders, under a Content-Security-Policy; the API needs no such headers. */
export async function servePages(app: FastifyInstance): Promise<void> {
  await app.register(async docs => {
    // Swagger UI sets styles in its markup.
    await protect(docs, ["'self'", "'unsafe-inline'"])
    await serveDocs(docs)
  })
  await app.register(async ops => {
    await protect(ops, ["'self'"])
    await serveOps(ops)
  })
}

async function protect(app: FastifyInstance, styleSrc: string[]): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        styleSrc,
        fontSrc: ["'self'"],
        // Operators reach an instance over plain HTTP inside their network, where nothing answers HTTPS.
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
