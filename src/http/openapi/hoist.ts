import { STATUS_CODES } from 'node:http'
import { pascal } from './components.ts'

/** A part of an OpenAPI document. The types of @fastify/swagger are a union of two versions, which no code can walk. */
// biome-ignore lint/suspicious/noExplicitAny: the document is walked, not used
export type Part = any

/** Makes one component of each part that is repeated, so that generators make one type of it. */
export function hoist(document: Part): Part {
  const components = new Components()
  const operations = Object.values<Part>(document.paths).flatMap(methods => Object.values<Part>(methods))
  for (const operation of operations) {
    const { operationId } = operation
    operation.parameters = operation.parameters?.map((parameter: Part) =>
      components.refer('parameters', nameOfParameter(parameter), parameter, operationId),
    )
    if (operation.parameters === undefined) delete operation.parameters
    for (const [status, response] of Object.entries<Part>(operation.responses)) {
      for (const [name, header] of Object.entries<Part>(response.headers ?? {})) {
        response.headers[name] = components.refer('headers', pascalOf(name), header, operationId)
      }
      for (const media of Object.values<Part>(response.content ?? {})) {
        if (media.example === undefined) continue
        const name = String(media.example.code ?? pascalOf(operationId))
        media.examples = { [name]: components.refer('examples', name, { value: media.example }, operationId) }
        delete media.example
      }
      // Every operation has its own successful responses.
      if (Number(status) < 300) continue
      const name = pascalOf(STATUS_CODES[status] ?? status)
      operation.responses[status] = components.refer('responses', name, response, operationId)
    }
  }
  return { ...document, components: { ...document.components, ...components.all } }
}

type Kind = 'parameters' | 'headers' | 'examples' | 'responses'

/** The parts by their names. A different part of the same name is named after the first operation that has it. */
class Components {
  readonly all: Record<Kind, Record<string, Part>> = {
    parameters: {},
    headers: {},
    examples: {},
    responses: {},
  }
  /** JSON of a part to its name. */
  readonly #names = new Map<string, string>()

  refer(kind: Kind, wanted: string, part: Part, operationId: string): { $ref: string } {
    const text = `${kind} ${JSON.stringify(part)}`
    const taken = this.all[kind][wanted] !== undefined
    const name = this.#names.get(text) ?? (taken ? `${wanted}Of${pascalOf(operationId)}` : wanted)
    this.#names.set(text, name)
    this.all[kind][name] = part
    return { $ref: `#/components/${kind}/${name}` }
  }
}

function nameOfParameter({ name, in: place }: { readonly name: string; readonly in: string }): string {
  return `${pascalOf(name)}${place === 'header' ? '' : pascal(place)}`
}

/** `x-user-id`, `Bad Request`, `getMode` -> `XUserId`, `BadRequest`, `GetMode`. */
function pascalOf(name: string): string {
  return pascal(name.replaceAll(/[^A-Za-z0-9]+/g, '_'))
}
