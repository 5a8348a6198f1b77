import type { TSchema } from '@sinclair/typebox'
import { distance } from 'fastest-levenshtein'
import type { Fault } from '../errors.ts'
import { isJsonObject, type JsonObject, jsonTypeOf, own, typeFault } from './json.ts'
import { pathsOfLeaf } from './leaf-paths.ts'
import { joinPath, splitPath } from './paths.ts'

/** The nearest name is searched for so many faults. */
const MAX_SUGGESTIONS = 200
/** Known names that an unknown one is compared with: defaults of another version of the bot may bring any number. */
const MAX_CANDIDATES = 2_000
/** Characters of an unknown name that are compared and shown. */
const SHOWN_NAME = 64

/** More places of a field than these tell a reader nothing. */
const MAX_PATHS = 3

/** The path that the caller's body has for one of the document; undefined when the body has no place for it. */
export type PathSent = (path: string) => string | undefined

/** What one check looks at everywhere in a document. */
interface Check {
  readonly root: TSchema
  readonly pathSent: PathSent
  readonly faults: Fault[]
}

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
export function unknownFields(
  schema: TSchema,
  data: JsonObject,
  examples: readonly unknown[],
  pathSent: PathSent = path => path,
): Fault[] {
  const faults: Fault[] = []
  visit(data, { schema, examples, path: '' }, { root: schema, pathSent, faults })
  return faults
}

function visit(data: JsonObject, place: Place, check: Check): void {
  const { faults } = check
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
        faults.length < MAX_SUGGESTIONS ? messageAbout(name, place, candidates, check) : 'unknown field'
      faults.push({ path, message })
    } else if (schema === undefined && !given.some(example => sameType(example, value))) {
      faults.push({ path, message: typeFault(jsonTypeOf(given[0]), value) })
    } else if (isJsonObject(value) && !given.includes(value)) {
      // What is an example itself has no field that no example has.
      visit(value, { schema, examples: given, path }, check)
    }
  }
}

/** Null says nothing about the type. */
function sameType(example: unknown, value: unknown): boolean {
  return example === null || jsonTypeOf(example) === jsonTypeOf(value)
}

/** True for a value that tells no type of its content. */
export function isFree(example: unknown): boolean {
  return example === null || (isJsonObject(example) && Object.keys(example).length === 0)
}

/** A field without its group is more common than one that is misspelled so much: the same name elsewhere comes first. */
function messageAbout(name: string, place: Place, candidates: readonly string[], check: Check): string {
  const { root, pathSent } = check
  const message = `unknown field ${name.slice(0, SHOWN_NAME)}`
  const anywhere = pathsOfLeaf(root, name)
  if (anywhere.some(path => path === place.path || place.path.startsWith(`${path}.`)))
    return `${message}: what is in ${name} belongs here, without its name`
  // One in the groups of the place itself was meant rather than one elsewhere.
  const near = place.schema === undefined ? [] : pathsOfLeaf(place.schema, name)
  const paths = near.length > 0 ? near.map(path => splitPath(path).reduce(joinPath, place.path)) : anywhere
  const places = paths.flatMap(path => pathSent(path) ?? [])
  if (places.length > 0) return `${message}, did you mean ${oneOf(places)}?`
  if (paths.length > 0)
    return `${message}: the whole document has it, as ${oneOf(paths)}, and this is a section`
  return unknownField(name, candidates)
}

/** The first few paths, as the end of a question. */
export function oneOf(paths: readonly string[]): string {
  return paths.slice(0, MAX_PATHS).join(' or ')
}

/** The message about an unknown field, with the nearest known name. */
export function unknownField(name: string, candidates: readonly string[]): string {
  return unknownName('field', name, candidates)
}

/** The same for any kind of name; `what` is its kind, such as `field`. */
export function unknownName(what: string, name: string, candidates: readonly string[]): string {
  const nearest = nearestName(name, candidates)
  return `unknown ${what} ${name.slice(0, SHOWN_NAME)}${nearest === undefined ? '' : `, did you mean ${nearest}?`}`
}

/** Undefined when there are no candidates. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const shown = name.slice(0, SHOWN_NAME)
  let nearest: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const candidate of candidates.slice(0, MAX_CANDIDATES)) {
    const away = distance(shown, candidate.slice(0, SHOWN_NAME))
    if (away < least) [nearest, least] = [candidate, away]
  }
  return nearest
}
