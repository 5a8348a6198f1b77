import { MODES } from '../../documents/catalogue.ts'
import { hoist, type Part } from './hoist.ts'
import { CHECKED_BY_SERVICE, OPTIONAL_BODY } from './operation.ts'

/** Documented, but not checked by Fastify: an unknown mode is 404 and names the four. */
const MODE_NAMES = [...MODES, 'ultra_fast']

/** The document of @fastify/swagger as it is published: what it cannot say, and parts that repeat as components. */
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

/** Marks of ours become what OpenAPI has for them. */
function finishBody(body: Part): void {
  for (const media of Object.values<Part>(body.content)) {
    const { [OPTIONAL_BODY]: optional, [CHECKED_BY_SERVICE]: _, ...schema } = media.schema
    media.schema = schema
    body.required = optional !== true
  }
}
