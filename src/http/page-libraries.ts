import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'

const SCRIPT = 'text/javascript; charset=utf-8'

/** The files of packages that the operator page loads, by their name below /ops/vendor/. */
const LIBRARIES: Readonly<Record<string, { readonly file: string; readonly type: string }>> = {
  'preact.mjs': { file: import.meta.resolve('preact'), type: SCRIPT },
  'preact-hooks.mjs': { file: import.meta.resolve('preact/hooks'), type: SCRIPT },
  'htm.mjs': { file: import.meta.resolve('htm'), type: SCRIPT },
  'uplot.mjs': { file: new URL('uPlot.esm.js', import.meta.resolve('uplot')).href, type: SCRIPT },
  'uplot.css': {
    file: new URL('uPlot.min.css', import.meta.resolve('uplot')).href,
    type: 'text/css; charset=utf-8',
  },
}

/** Serves the libraries of the operator page from memory, as their packages ship them. */
export async function serveLibraries(app: FastifyInstance): Promise<void> {
  for (const [name, { file, type }] of Object.entries(LIBRARIES)) {
    const text = forBrowser(await readFile(fileURLToPath(file), 'utf8'))
    const etag = `"${createHash('sha256').update(text).digest('base64url')}"`
    app.get(`/ops/vendor/${name}`, { schema: { hide: true } }, (request, reply) => {
      void reply.headers({ etag, 'cache-control': 'public, max-age=0' })
      if (request.headers['if-none-match'] === etag) void reply.code(304).send()
      else void reply.type(type).send(text)
    })
  }
}

/**
 * A browser finds the module `preact` only by an import map, which is a script inside the page, and the policy allows none: so the
 * one import of a package by another gets its address. Source maps are not served.
 */
function forBrowser(text: string): string {
  return text.replace('from"preact"', 'from"./preact.mjs"').replace(/^\/\/# sourceMappingURL=.*$/m, '')
}
