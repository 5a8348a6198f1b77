import { type TSchema, type TUnsafe, Type } from '@sinclair/typebox'
import { USER_ID_PATTERN } from '../../documents/user-id.ts'

/** Named schemas of the OpenAPI document, in the order of their declaration. */
const components = new Map<string, TSchema>()

/** Names a schema and returns the reference to it. */
export function component(id: string, schema: TSchema): TSchema {
  components.set(id, { ...schema, $id: id })
  return Type.Unsafe({ $ref: `${id}#` })
}

export function allComponents(): TSchema[] {
  return [...components.values()]
}

/** The examples of the component that a reference names. */
export function examplesOf({ $ref }: TSchema): readonly unknown[] {
  return components.get(String($ref).slice(0, -1))?.examples ?? []
}

/** The time in examples. */
export const UPDATED_AT = '2026-01-06T12:00:00.000Z'
export const any = (description: string) => Type.Unsafe<unknown>({ description })
export const Version = Type.Integer({
  minimum: 1,
  description: 'grows by one with each change, never restarts',
})
/** A text without NUL, which PostgreSQL does not have. */
export const STORABLE_TEXT = '^[^\\u0000]*$'
/** One of these texts. */
export function enumeration<const T extends string>(
  values: readonly T[],
  options: { readonly description?: string; readonly examples?: readonly T[]; readonly default?: T } = {},
): TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'string', enum: [...values], ...options })
}

export const UserId = Type.String({ pattern: USER_ID_PATTERN, examples: ['42'] })
