import type { TSchema } from '@sinclair/typebox'

/** The schema of a patch: no field of any object is required. */
export function partial(schema: TSchema): TSchema {
  const { required: _, properties, ...rest } = schema
  if (properties === undefined) return schema
  const fields = Object.entries<TSchema>(properties).map(([name, field]) => [name, partial(field)])
  return { ...rest, properties: Object.fromEntries(fields) } as TSchema
}

/** The smallest patch: one field with its groups around it. */
export function firstField(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return data
  return Object.fromEntries(
    Object.entries(data)
      .slice(0, 1)
      .map(([name, value]) => [name, firstField(value)]),
  )
}
