import type { TSchema } from '@sinclair/typebox'
import t from 'tap'
import { DOCUMENTS, documentOf } from '../../src/documents/catalogue.ts'
import { BUILT_IN_DEFAULTS, documentDefaults } from '../../src/documents/defaults.ts'
import type { JsonObject } from '../../src/documents/json.ts'
import { validateDocument } from '../../src/documents/validate.ts'
import { FIELD_FACTS, type FieldFact } from './tables.ts'

t.test('the schemas have exactly the fields of the tables', async t => {
  for (const { kind, schema } of DOCUMENTS) {
    const facts = FIELD_FACTS.filter(fact => fact.kind === kind).map(({ path }) => path)
    t.strictSame(
      leavesOf(schema)
        .map(([path]) => path)
        .sort(),
      facts.sort(),
      kind,
    )
  }
  t.equal(leavesOf(documentOf('mode.scalp').schema).length, 163 + 56)
})

t.test('types, bounds and allowed values are those of the tables', async t => {
  for (const fact of FIELD_FACTS) {
    const schema = new Map(leavesOf(documentOf(fact.kind).schema)).get(fact.path)!
    t.strictSame(shapeOf(schema), expectedShape(fact), `${fact.kind} ${fact.path}`)
  }
})

t.test('the built-in file has the defaults of the tables', async t => {
  for (const { kind, path, byDefault } of FIELD_FACTS) {
    const value = path.split('.').reduce<unknown>((at, name) => (at as JsonObject)[name], defaultsOf(kind))
    t.strictSame(value, byDefault, `${kind} ${path}`)
  }
})

t.test('every field and group has a title, every number its bounds in words', async t => {
  for (const { kind, schema } of DOCUMENTS) {
    for (const [path, field] of leavesOf(schema)) {
      t.ok(field.title, `${kind} ${path}`)
      if (typeof field.minimum === 'number') {
        t.match(field.description, `${field.minimum} to ${field.maximum}`, `${kind} ${path}`)
      }
    }
  }
})

t.test('units are told', async t => {
  const units = { '%': /_(percent|pct)$/, USD: /_usd$/, s: /_secs?$/, ms: /_ms$/, min: /_(minutes|mins)$/ }
  for (const { kind, schema } of DOCUMENTS) {
    for (const [path, field] of leavesOf(schema)) {
      if (typeof field.minimum !== 'number') continue
      for (const [unit, names] of Object.entries(units)) {
        if (names.test(path)) t.ok(field.description?.endsWith(` ${unit}`), `${kind} ${path} in ${unit}`)
      }
    }
  }
})

t.test('a value of another type or beyond a bound is a fault of that field', async t => {
  for (const fact of FIELD_FACTS) {
    for (const value of badValues(fact)) {
      const faults = validateDocument(fact.kind, withField(defaultsOf(fact.kind), fact.path, value), [])
      const at = faults.some(({ path }) => path === fact.path || path.startsWith(`${fact.path}.`))
      t.ok(at, `${fact.kind} ${fact.path} = ${JSON.stringify(value)}`)
    }
  }
})

t.test('the bounds themselves are allowed', async t => {
  for (const { kind, path, min, max, type } of FIELD_FACTS) {
    if (min === undefined || max === undefined || type === 'number[]') continue
    for (const value of [min, max]) {
      const faults = validateDocument(kind, withField(defaultsOf(kind), path, value), [])
      t.notOk(
        faults.some(fault => fault.path === path && !fault.message.includes(' (')),
        `${kind} ${path} = ${value}`,
      )
    }
  }
})

function defaultsOf(kind: string): JsonObject {
  return documentDefaults(BUILT_IN_DEFAULTS, kind)
}

/** Every field that every stored document has and that is no group of fields, with its dotted path. */
function leavesOf(schema: TSchema, parent = ''): [path: string, schema: TSchema][] {
  if (schema.properties === undefined) return [[parent, schema]]
  const required: readonly string[] = schema.required ?? []
  return Object.entries<TSchema>(schema.properties)
    .filter(([name]) => required.includes(name))
    .flatMap(([name, field]) => leavesOf(field, parent === '' ? name : `${parent}.${name}`))
}

interface Shape {
  type: unknown
  minimum?: number
  maximum?: number
  items?: Shape
  maxItems?: number
  enum?: readonly string[]
}

function shapeOf(schema: TSchema): Shape {
  return {
    type: schema.type,
    ...(schema.minimum === undefined ? {} : { minimum: schema.minimum }),
    ...(schema.maximum === undefined ? {} : { maximum: schema.maximum }),
    ...(schema.items === undefined ? {} : { items: shapeOf(schema.items) }),
    ...(schema.maxItems === undefined ? {} : { maxItems: schema.maxItems }),
    ...(schema.enum === undefined ? {} : { enum: schema.enum }),
  }
}

function expectedShape({ type, min, max, allowed }: FieldFact): Shape {
  const bounds = {
    ...(min === undefined ? {} : { minimum: min }),
    ...(max === undefined ? {} : { maximum: max }),
  }
  const maxItems = Number(/at most (\d+) numbers/.exec(allowed)?.[1])
  if (type === 'enum') {
    return { type: 'string', enum: allowed.split('|').map(value => (value === '(empty)' ? '' : value)) }
  }
  if (type === 'number[]') return { type: 'array', items: { type: 'number', ...bounds }, maxItems }
  if (type === 'number[]|null') return { type: ['array', 'null'], items: { type: 'number' }, maxItems }
  return { type: type === 'duration' ? 'string' : type, ...bounds }
}

function badValues({ type, min, max, allowed }: FieldFact): unknown[] {
  const never = type === 'number[]|null' ? [5, '1', {}] : [null, type === 'object' ? [] : {}]
  if (type === 'object') return [...never, 5, 'text', true]
  if (type === 'boolean') return [...never, 'true', 1, 0]
  if (type === 'enum') return [...never, 'no such value', 5]
  if (type === 'duration') return [...never, '5', 'm', '5 m', '5x', '-5m', '1h\n', 5]
  if (type === 'number[]|null') return [...never, [1, 2, 3, 4, 5], ['1'], [null]]
  if (type === 'number[]') return [...never, [1, 2, 3, 4, 5, 6], [min! - 1], [max! + 1], ['1'], 5]
  if (type === 'integer') return [...never, min! - 1, max! + 1, min! + 0.5, String(max), true]
  if (type === 'number') return [...never, min! - 0.001, max! + 0.001, String(max), true, [max]]
  const most = Number(/(?:at most|1 to) (\d+) char/.exec(allowed)?.[1] ?? 0)
  const tooLong = most === 0 ? [] : ['x'.repeat(most + 1)]
  const odd = allowed.includes('HH:MM') ? ['24:00', '9:00', '20:60', '20:00\n'] : []
  return [...never, 5, ...tooLong, ...odd, ...(allowed.includes('IANA') ? ['Mars/Base', '', '+05:30'] : [])]
}

function withField(data: JsonObject, path: string, value: unknown): JsonObject {
  const copy: JsonObject = structuredClone(data)
  const names = path.split('.')
  const last = names.pop()!
  const group = names.reduce((at, name) => at[name] as JsonObject, copy)
  group[last] = value
  return copy
}
