/** A JSON Schema as TypeBox makes it; only the words that the documents use. */
export interface JsonSchema {
  readonly type?: string | readonly string[] | undefined
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly enum?: readonly unknown[] | undefined
  readonly const?: unknown | undefined
  readonly anyOf?: readonly JsonSchema[] | undefined
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined
  readonly required?: readonly string[] | undefined
  readonly additionalProperties?: boolean | JsonSchema | undefined
  readonly patternProperties?: Readonly<Record<string, JsonSchema>> | undefined
  readonly items?: JsonSchema | undefined
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

/** The TypeScript of a schema. Throws on what it cannot say: a wrong type would be worse than none. */
export function typeText(schema: JsonSchema, indent = ''): string {
  const { type, anyOf } = schema
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return union(schema.enum.map(value => JSON.stringify(value)))
  if (anyOf !== undefined) return union(anyOf.map(inner => typeText(inner, indent)))
  if (typeof type === 'object') return union(type.map(name => typeText({ ...schema, type: name }, indent)))
  if (type === 'object') return objectText(schema, indent)
  if (type === 'array')
    return `(${schema.items === undefined ? 'unknown' : typeText(schema.items, indent)})[]`
  if (type === 'integer' || type === 'number') return 'number'
  if (type === 'string' || type === 'boolean' || type === 'null') return type
  throw new Error(`there is no TypeScript for ${JSON.stringify(schema)}`)
}

function objectText(schema: JsonSchema, indent: string): string {
  const { properties = {}, required = [], additionalProperties, patternProperties } = schema
  const fields = Object.entries(properties).map(([name, inner]) => {
    const key = IDENTIFIER.test(name) ? name : JSON.stringify(name)
    const mark = required.includes(name) ? '' : '?'
    return `${comment(inner, `${indent}  `)}${indent}  ${key}${mark}: ${typeText(inner, `${indent}  `)}\n`
  })
  if (fields.length > 0) return `{\n${fields.join('')}${indent}}`
  const values = Object.values(patternProperties ?? {})[0] ?? additionalProperties
  return `Record<string, ${typeof values === 'object' ? typeText(values, indent) : 'unknown'}>`
}

function comment({ title, description }: JsonSchema, indent: string): string {
  const text = [title, description].filter(part => part !== undefined).join(': ')
  return text === '' ? '' : `${indent}/** ${text.replaceAll('*/', '*\\/')} */\n`
}

function union(members: readonly string[]): string {
  return [...new Set(members)].join(' | ')
}
