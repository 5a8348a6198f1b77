import { readFileSync } from 'node:fs'

/** What the tests need of one operation of openapi/openapi.json. */
export interface Operation {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** With `{name}` for parameters. */
  readonly path: string
  readonly summary?: string
  readonly description?: string
  readonly security?: readonly object[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>
}

export interface Parameter {
  readonly name: string
  readonly in: string
  readonly description?: string
  readonly example?: unknown
  readonly schema: object
}

export type Content = Readonly<Record<string, MediaType>>

export interface MediaType {
  readonly schema?: object & { readonly $ref?: string }
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>
}

export const API_TEXT = readFileSync(new URL('../../openapi/openapi.json', import.meta.url), 'utf8')
export const API = JSON.parse(API_TEXT)

export const OPERATIONS: readonly Operation[] = Object.entries<object>(API.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    ...resolve(operation as Operation),
    path,
    method: method.toUpperCase() as Operation['method'],
  })),
)

/** With the components in the place of references, those to schemas apart. */
function resolve<T>(part: T): T {
  if (Array.isArray(part)) return part.map(resolve) as T
  if (typeof part !== 'object' || part === null) return part
  const [, kind = '', name = ''] =
    /^#\/components\/(\w+)\/(.+)$/.exec((part as { $ref?: string }).$ref ?? '') ?? []
  if (kind !== '' && kind !== 'schemas') return resolve(API.components[kind][name])
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, resolve(value)])) as T
}

/** Those that need a caller. */
export const GUARDED: readonly Operation[] = OPERATIONS.filter(({ security }) => security?.length !== 0)

/** Whether its answer has no end. */
export function isStream({ responses }: Operation): boolean {
  return responses['200']?.content?.['text/event-stream'] !== undefined
}

/** A URL of the operation; `values` by the names of its parameters. */
export function urlOf({ path }: Operation, values: Readonly<Record<string, string>> = {}): string {
  const all: Record<string, string> = { mode: 'scalp', ...values }
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => all[name] ?? '42')
}

/** The example of its request body, if it takes one. */
export function bodyOf({ requestBody }: Operation): { payload?: object } {
  const example = Object.values(requestBody?.content ?? {}).flatMap(examplesOf)[0]
  return example === undefined ? {} : { payload: example as object }
}

export function examplesOf({ schema, example, examples }: MediaType): unknown[] {
  if (example !== undefined) return [example]
  if (examples !== undefined) return Object.values(examples).map(({ value }) => value)
  const inSchema = schema?.$ref === undefined ? schema : component(schema.$ref)
  return (inSchema as { examples?: unknown[] } | undefined)?.examples ?? []
}

function component(ref: string): object {
  return API.components.schemas[ref.replace('#/components/schemas/', '')]
}
