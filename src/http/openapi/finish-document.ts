import { MODES } from '../../documents/catalogue.ts'
import { hoist, type Part } from './hoist.ts'
import { CHECKED_BY_SERVICE, OPTIONAL_BODY } from './operation.ts'

/** Documented only, not checked by Fastify: an unknown mode is answered 404 with the four names. */
const MODE_NAMES = [...MODES, 'ultra_fast']

/** Completes the document of @fastify/swagger: adds what the plugin cannot express, and makes repeated parts components. */
export function finishDocument(document: Part): Part {
  for (const [path, methods] of Object.entries<Part>(document.paths)) {
    for (const operation of Object.values<Part>(methods)) {
      if (operation.requestBody !== undefined) finishBody(operation.requestBody)
      for (const parameter of operation.parameters ?? []) {
        const isMode = parameter.name === 'mode' && path.startsWith('/api/futures/')
        if (isMode) parameter.schema = { ...parameter.schema, enum: MODE_NAMES }
      }
    }
  }
  return hoist(document)
}

/** Replaces the markers of operation.ts with `required` of OpenAPI. */
function finishBody(body: Part): void {
  for (const media of Object.values<Part>(body.content)) {
    const { [OPTIONAL_BODY]: optional, [CHECKED_BY_SERVICE]: _, ...schema } = media.schema
    media.schema = schema
    body.required = optional !== true
  }
}
