import { readFileSync } from 'node:fs'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { finishDocument } from './finish-document.ts'
import { allComponents } from './registry.ts'
import { withScope } from './scope-texts.ts'

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))

const TAGS = [
  { name: 'Decision', description: 'Everything one decision cycle needs, in one Redis round trip.' },
  {
    name: 'Documents',
    description: 'Settings of a user. A write is in the cache before it is acknowledged.',
  },
  { name: 'Defaults', description: 'Comparing a user with the admin defaults, previewing and loading them.' },
  { name: 'Later', description: 'Changes that take effect later, and changes of many users.' },
  { name: 'Sequence', description: 'Order numbers that never repeat.' },
  { name: 'Exchange', description: 'Positions and orders of the exchange, kept for seconds.' },
  { name: 'Users', description: 'Creating and deleting users.' },
  { name: 'Admin', description: 'The defaults that users start from, and the inspector of the cache.' },
  { name: 'Operations', description: 'Health and metrics.' },
]

const DESCRIPTION = `Settings, order numbers and exchange cache of a multi-user futures trading bot.

Errors are problems (RFC 9457) with a stable \`code\`. Before a request reaches an operation it may be answered with 404
\`NOT_FOUND\` (no such route), 405 \`METHOD_NOT_ALLOWED\` with \`Allow\`, 408 \`REQUEST_TIMEOUT\` (it arrived too slowly),
417 \`EXPECTATION_FAILED\`, 431 \`HEADERS_TOO_LARGE\`, or 400 \`VALIDATION_FAILED\` (it is not HTTP, or repeats a header that
may be sent only once).`

/** Collects the OpenAPI document. Call it before the routes are registered. */
export async function documentApi(app: FastifyInstance): Promise<void> {
  for (const schema of allComponents()) app.addSchema(schema)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Settings gateway',
        version,
        description: DESCRIPTION,
        contact: { name: 'The maintainers of the settings gateway' },
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      tags: TAGS,
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: [
              'A JWT (`sub` = user id, `role` = `admin` or the claim of JWT_ADMIN_CLAIM) or a service token, which',
              'SERVICE_SCOPES may limit to scopes: `read`, `write`, `sequence`, `exchange`, `admin`.',
            ].join(' '),
          },
        },
      },
      security: [{ bearer: [] }],
    },
    transform: withScope,
    transformObject: document =>
      finishDocument('openapiObject' in document ? document.openapiObject : document.swaggerObject),
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `schema-${index}`),
    },
  })
}

/** Swagger UI at /docs, and the document as /docs/json and /docs/yaml. */
export async function serveDocs(app: FastifyInstance): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: {
      persistAuthorization: true,
      tryItOutEnabled: true,
      displayRequestDuration: true,
      deepLinking: true,
      filter: true,
      // Drawing all operations with their schemas at once takes seconds.
      docExpansion: 'none',
      defaultModelsExpandDepth: 0,
    },
  })
}
