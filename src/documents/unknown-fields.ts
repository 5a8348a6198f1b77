import type { TSchema } from '@sinclair/typebox'
import { distance } from 'fastest-levenshtein'
import type { Fault } from '../errors.ts'
import { isJsonObject, type JsonObject, jsonTypeOf, own, typeFault } from './json.ts'
import { pathOfLeaf } from './leaf-paths.ts'
import { joinPath } from './paths.ts'

/** The nearest name is searched for so many faults. */
const MAX_SUGGESTIONS = 200
/** Known names that an unknown one is compared with: defaults of another version of the bot may bring any number. */
const MAX_CANDIDATES = 2_000
/** Characters of an unknown name that are compared and shown. */
const SHOWN_NAME = 64

/** Schemas and examples of one place in a document. */
interface Place {
  /** Undefined below a field that no schema knows. */
  readonly schema: TSchema | undefined
  /** What other versions of the bot have there: the defaults, and the document as stored. */
  readonly examples: readonly unknown[]
  readonly path: string
}

/**
 * Fields that the schema does not know. One that an example has (it came with a defaults file of another version
 * of the bot) is accepted with the JSON type it has there; any other is a fault that names the nearest known one.
 */
export function unknownFields(schema: TSchema, data: JsonObject, examples: readonly unknown[]): Fault[] {
  const faults: Fault[] = []
  visit(data, { schema, examples, path: '' }, schema, faults)
  return faults
}

function visit(data: JsonObject, place: Place, root: TSchema, faults: Fault[]): void {
  const known: Record<string, TSchema> | undefined = place.schema?.properties
  // A free object, and an extra field that is {} or null in an example, may hold anything.
  if (known === undefined && (place.schema !== undefined || place.examples.some(isFree))) return
  const examples = place.examples.filter(isJsonObject)
  let candidates: string[] | undefined
  for (const [name, value] of Object.entries(data)) {
    const path = joinPath(place.path, name)
    const schema = known !== undefined && Object.hasOwn(known, name) ? known[name] : undefined
    const given = examples.filter(example => Object.hasOwn(example, name)).map(example => own(example, name))
    if (schema === undefined && given.length === 0) {
      candidates ??= [...Object.keys(known ?? {}), ...examples.flatMap(Object.keys)]
      const message =
        faults.length < MAX_SUGGESTIONS
          ? unknownField(name, candidates, at => pathNear(place, at) ?? pathOfLeaf(root, at))
          : 'unknown field'
      faults.push({ path, message })
    } else if (schema === undefined && !given.some(example => sameType(example, value))) {
      faults.push({ path, message: typeFault(jsonTypeOf(given[0]), value) })
    } else if (isJsonObject(value) && !given.includes(value)) {
      // What is an example itself has no field that no example has.
      visit(value, { schema, examples: given, path }, root, faults)
    }
  }
}

/** The places of a field in the groups of the place itself: one of them was meant rather than one elsewhere. */
function pathNear({ schema, path }: Place, name: string): string | undefined {
  return schema && pathOfLeaf(schema, name, path)
}

/** Null says nothing about the type. */
function sameType(example: unknown, value: unknown): boolean {
  return example === null || jsonTypeOf(example) === jsonTypeOf(value)
}

/** True for a value that tells no type of its content. */
function isFree(example: unknown): boolean {
  return example === null || (isJsonObject(example) && Object.keys(example).length === 0)
}

/**
 * The message about an unknown field, with the nearest known name. `elsewhere` finds the places of a field with exactly this
 * name: a field without its group is more common than one that is misspelled so much.
 */
export function unknownField(
  name: string,
  candidates: readonly string[],
  elsewhere: (name: string) => string | undefined = () => undefined,
): string {
  const path = elsewhere(name.slice(0, SHOWN_NAME))
  return path === undefined
    ? unknownName('field', name, candidates)
    : `unknown field ${name.slice(0, SHOWN_NAME)}, did you mean ${path}?`
}

/** The same for any kind of name; `what` is its kind, such as `field`. */
export function unknownName(what: string, name: string, candidates: readonly string[]): string {
  const shown = name.slice(0, SHOWN_NAME)
  let nearest: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const candidate of candidates.slice(0, MAX_CANDIDATES)) {
    const away = distance(shown, candidate.slice(0, SHOWN_NAME))
    if (away < least) [nearest, least] = [candidate, away]
  }
  return `unknown ${what} ${shown}${nearest === undefined ? '' : `, did you mean ${nearest}?`}`
}
